//! `memory_bytes`: an amount of memory as a number.

use flink_client::operator::Memory;
use terraform_plugin::{Function, FunctionError, Parameter, Signature};
use terraform_schema::{Number, Type, Value};

use super::text;

/// The function `memory_bytes`.
#[derive(Clone, Copy, Debug)]
pub struct MemoryBytes;

impl Function for MemoryBytes {
    fn signature(&self) -> Signature {
        Signature {
            name: "memory_bytes",
            summary: "An amount of memory in bytes",
            description: "The number of bytes in an amount of memory as `resource.memory` takes it, in the spelling of Flink or of \
                          Kubernetes: `2g`, `2048m`, `2 gb` and `2Gi` are all 2147483648. As for the operator, `m` means \
                          mebibytes.",
            parameters: vec![Parameter {
                name: "text",
                description: "The amount, such as `2048m` or `2Gi`.",
                ty: Type::String,
            }],
            returns: Type::Number,
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        let text = text(arguments)?;
        let refused = |why: String| {
            FunctionError::of_argument(
                0,
                format!(
                    "`{text}` is no amount of memory: {why}. Write a number with a unit, such as `2048m` or `2Gi`."
                ),
            )
        };
        let bytes = Memory(text.to_owned())
            .bytes()
            .map_err(|error| refused(error.to_string()))?;
        let number: Number = bytes
            .normalized()
            .to_plain_string()
            .parse()
            .map_err(|_| refused("it is too large".to_owned()))?;
        Ok(Value::Number(number))
    }
}
