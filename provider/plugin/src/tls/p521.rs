//! Verifies ECDSA signatures over NIST P-521, which go-plugin's client makes and ring lacks.

use p521::ecdsa::signature::Verifier;
use p521::ecdsa::{DerSignature, Signature, VerifyingKey};
use rustls::SignatureScheme;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// P-521 with SHA-512 and nothing else.
pub(crate) const ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[&P521Sha512],
    mapping: &[(SignatureScheme::ECDSA_NISTP521_SHA512, &[&P521Sha512])],
};

#[derive(Debug)]
struct P521Sha512;

impl SignatureVerificationAlgorithm for P521Sha512 {
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P521
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }

    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let verified = || {
            let key = VerifyingKey::from_sec1_bytes(public_key)?;
            let signature = Signature::try_from(DerSignature::try_from(signature)?)?;
            key.verify(message, &signature)
        };
        verified().map_err(|_: p521::ecdsa::Error| InvalidSignature)
    }
}
