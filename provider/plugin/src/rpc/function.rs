//! Functions: which there are, and their calls.

use std::collections::BTreeMap;
use std::sync::Arc;

use terraform_schema::json::type_to_json;
use terraform_schema::{Diagnostic, Diagnostics};

use super::{Answer, has_errors};
use crate::convert::value;
use crate::function::{Function, FunctionError, Parameter};
use crate::generated::tfplugin5 as pb;
use crate::provider::Provider;
use crate::secrets;
use crate::server::{Server, absent};

/// All functions, as Terraform reads them.
pub(super) fn all<P: Provider>(server: &Server<P>) -> BTreeMap<String, pb::Function> {
    let functions = server.functions();
    functions
        .map(|function| {
            let signature = function.signature();
            let message = pb::Function {
                parameters: signature.parameters.iter().map(parameter).collect(),
                r#return: Some(pb::function::Return {
                    r#type: type_to_json(&signature.returns).into_bytes(),
                }),
                summary: signature.summary.to_owned(),
                description: signature.description.to_owned(),
                description_kind: pb::StringKind::Markdown.into(),
                ..Default::default()
            };
            (signature.name.to_owned(), message)
        })
        .collect()
}

fn parameter(parameter: &Parameter) -> pb::function::Parameter {
    pb::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: type_to_json(&parameter.ty).into_bytes(),
        description: parameter.description.to_owned(),
        description_kind: pb::StringKind::Markdown.into(),
        ..Default::default()
    }
}

pub(super) async fn list<P: Provider>(
    server: Arc<Server<P>>,
    _: pb::get_functions::Request,
) -> Result<pb::get_functions::Response, Diagnostics> {
    Ok(pb::get_functions::Response {
        functions: all(&server),
        diagnostics: Vec::new(),
    })
}

pub(super) async fn call<P: Provider>(
    server: Arc<Server<P>>,
    request: pb::call_function::Request,
) -> Result<pb::call_function::Response, Diagnostics> {
    let name = &request.name;
    let function = server
        .functions()
        .find(|function| function.signature().name == name)
        .ok_or_else(|| absent("function", name))?;
    match called(function, &request) {
        Ok(result) => Ok(pb::call_function::Response {
            result: Some(result?),
            error: None,
        }),
        Err(error) => Ok(pb::call_function::Response {
            result: None,
            error: Some(pb::FunctionError {
                text: secrets::without(error.text),
                function_argument: error.argument.and_then(|argument| i64::try_from(argument).ok()),
            }),
        }),
    }
}

/// What a call gives. The outer error is the function's own, the inner one is about what Terraform sent.
fn called(
    function: &dyn Function,
    request: &pb::call_function::Request,
) -> Result<Result<pb::DynamicValue, Diagnostics>, FunctionError> {
    let signature = function.signature();
    if request.arguments.len() != signature.parameters.len() {
        let bug = format!(
            "`{}` takes {} arguments, and Terraform sent {}.",
            signature.name,
            signature.parameters.len(),
            request.arguments.len()
        );
        return Ok(Err(Diagnostic::bug(bug).into()));
    }
    let mut arguments = Vec::new();
    for (parameter, argument) in signature.parameters.iter().zip(&request.arguments) {
        match value::decode(
            Some(argument),
            &parameter.ty,
            &format!("the argument `{}`", parameter.name),
        ) {
            Ok(argument) => arguments.push(argument),
            Err(problems) => return Ok(Err(problems)),
        }
    }
    let what = format!("The result of the function `{}`", signature.name);
    Ok(value::encode(&function.call(&arguments)?, &signature.returns, &what))
}

impl Answer for pb::call_function::Response {
    fn report(&mut self, problems: Vec<pb::Diagnostic>) {
        if has_errors(&problems) {
            let texts = problems.into_iter().map(|problem| problem.detail);
            self.error = Some(pb::FunctionError {
                text: texts.collect::<Vec<_>>().join(" "),
                function_argument: None,
            });
        }
    }

    fn failed(&self) -> bool {
        self.error.is_some()
    }
}
