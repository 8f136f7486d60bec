use proptest::prelude::*;

use super::super::*;
use crate::encoding::arbitrary::{any_type, text, typed_value};

proptest! {
    #[test]
    fn there_and_back((ty, value) in typed_value(true)) {
        let bytes = encode(&value, &ty).unwrap();
        prop_assert_eq!(&decode(&bytes, &ty).unwrap(), &value);
        for end in 0..bytes.len() {
            prop_assert!(decode(&bytes[..end], &ty).is_err(), "cut at {}", end);
        }
    }

    #[test]
    fn text_is_normalised(text in text()) {
        let bytes = encode(&Value::String(text.clone()), &Type::String).unwrap();
        prop_assert_eq!(decode(&bytes, &Type::String).unwrap(), Value::string(text));
    }

    #[test]
    fn random_bytes_are_read_or_refused(ty in any_type(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = decode(&bytes, &ty) {
            encode(&value, &ty).unwrap();
        }
    }

    #[test]
    fn damaged_bytes_are_read_or_refused(
        (ty, value) in typed_value(true),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = encode(&value, &ty).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(value) = decode(&bytes, &ty) {
            encode(&value, &ty).unwrap();
        }
    }
}
