//! What the author of a function writes. A function is pure: it knows its arguments and nothing else, not even the provider
//! block. Terraform calls it wherever it evaluates an expression, as often as it likes.

use terraform_schema::{Type, Value};

/// A function, `provider::<provider>::<name>(...)`.
pub trait Function: Send + Sync + 'static {
    /// What it is called, takes and gives.
    fn signature(&self) -> Signature;

    /// Its result. The arguments are as many as there are parameters, of their types, wholly known and not null.
    ///
    /// # Errors
    /// An argument is one that the function cannot work with.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}

/// What a function is called, takes and gives.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Its name, without the provider's.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it does, in Markdown.
    pub description: &'static str,
    /// What it takes, in order.
    pub parameters: Vec<Parameter>,
    /// What it gives.
    pub returns: Type,
}

/// What a function takes.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, for documentation.
    pub name: &'static str,
    /// What it is, in Markdown.
    pub description: &'static str,
    /// Its type.
    pub ty: Type,
}

/// Why a function has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// Whole sentences for the user.
    pub text: String,
    /// The argument at fault, counted from 0; `None` where it is the call as a whole.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// An error about one argument.
    pub fn of_argument(argument: usize, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            argument: Some(argument),
        }
    }
}
