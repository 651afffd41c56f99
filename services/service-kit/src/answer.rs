//! What somebody else's service answers, read up to a limit: an answer that never ends must not fill the memory.

use reqwest::Response;

/// Why an answer is not known to its end.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The connection broke, or took too long.
    #[error("the answer broke off")]
    Broken(#[source] reqwest::Error),
    /// It has more bytes than it may have.
    #[error("the answer is too long")]
    TooLong,
}

/// The body, of `bytes_max` bytes at most.
pub async fn read(mut response: Response, bytes_max: usize) -> Result<Vec<u8>, AnswerError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(AnswerError::Broken)? {
        if body.len() + chunk.len() > bytes_max {
            return Err(AnswerError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
