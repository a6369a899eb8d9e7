//! Interprets session-manager's response to a send.

use std::time::Duration;

use session_api::{ErrorBody, ErrorCode, SendBody, chat_of_sent};
use session_client::{ClientError, RawAnswer};

use crate::error::HubError;

/// The error code while all sending is stopped.
pub(super) const STOPPED: &str = "SENDING_STOPPED";

/// The outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// WhatsApp's server accepted the message.
    Accepted {
        /// WhatsApp's id of the message.
        wa_id: String,
        /// The chat to which the message was sent, if known.
        chat: Option<String>,
    },
    /// The message was certainly not sent, and no other message can be sent now either.
    NotNow {
        /// The reason.
        why: Reason,
        /// How long to wait before the next attempt, if the response says so.
        after: Option<Duration>,
    },
    /// The message certainly will not be sent.
    Refused(Reason),
    /// The message was certainly not sent, because an earlier message to the
    /// same chat is not settled. Other chats continue.
    ChatWaits(Reason),
    /// The message may or may not have been sent.
    Unknown(Reason),
    /// The service could not find out whether the message was sent, so a person decides.
    Undecided(Reason),
}

/// The reason for a failure: a code and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Verdict {
    /// Interprets a response in the format of the contract, or a client error.
    pub(crate) fn from_answer(answer: &Result<RawAnswer, ClientError>) -> Self {
        match answer {
            Ok(answer) if answer.status.is_success() => {
                match serde_json::from_slice::<SendBody>(&answer.body) {
                    Ok(body) => Self::Accepted {
                        // An older session-manager names the chat only in the id.
                        chat: body
                            .chat
                            .or_else(|| chat_of_sent(&body.message_id).map(str::to_owned)),
                        wa_id: body.message_id,
                    },
                    Err(error) => Self::Unknown(Reason {
                        code: "SESSION_MANAGER_BAD_RESPONSE".to_owned(),
                        message: error.to_string(),
                    }),
                }
            }
            Ok(answer) => Self::of_failure(answer),
            Err(error) => Self::of_error(error),
        }
    }

    fn of_failure(answer: &RawAnswer) -> Self {
        let body = serde_json::from_slice::<ErrorBody>(&answer.body).ok();
        let why = body.map_or_else(
            || Reason {
                code: "SESSION_MANAGER_BAD_RESPONSE".to_owned(),
                message: format!("status {}", answer.status.as_u16()),
            },
            |body| Reason {
                code: body.code,
                message: body.message,
            },
        );
        let not_now = |why| Self::NotNow {
            why,
            after: answer.retry_after,
        };
        match ErrorCode::from_code(&why.code) {
            Some(
                ErrorCode::SessionNotReady
                | ErrorCode::BrowserNotRunning
                | ErrorCode::LedgerUnavailable
                | ErrorCode::Overloaded
                | ErrorCode::ShuttingDown
                | ErrorCode::StorageFull
                | ErrorCode::RequestTimeout,
            ) => not_now(why),
            // The connection was lost while the number was looked up; the next attempt may find it.
            Some(ErrorCode::SendFailed) if answer.retry_after.is_some() => not_now(why),
            Some(ErrorCode::EarlierUnconfirmed) => Self::ChatWaits(why),
            Some(ErrorCode::SendUndecided) => Self::Undecided(why),
            // The message was certainly not sent, and a retry would not send it either.
            Some(
                ErrorCode::SendFailed
                | ErrorCode::FetchFailed
                | ErrorCode::NotOnWhatsapp
                | ErrorCode::RecipientBlocked
                | ErrorCode::ReachOutLimit
                | ErrorCode::NewChatLimit,
            ) => Self::Refused(why),
            _ if answer.status.as_u16() == 429 || why.code == STOPPED => not_now(why),
            _ if answer.status.is_client_error() => Self::Refused(why),
            // `SEND_UNCONFIRMED`, a defect, or a code of a later version.
            _ => Self::Unknown(why),
        }
    }

    fn of_error(error: &ClientError) -> Self {
        let (_, code) = HubError::status_and_code(error);
        let reason = Reason {
            code: code.to_owned(),
            message: error.to_string(),
        };
        match error {
            ClientError::Unavailable(_) | ClientError::TokenRefused => Self::NotNow {
                why: reason,
                after: None,
            },
            _ => Self::Unknown(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use bytes::Bytes;

    use super::*;

    fn answer(status: u16, body: &str) -> Result<RawAnswer, ClientError> {
        Ok(RawAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            content_type: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
            retry_after: matches!(status, 503 | 507).then_some(Duration::from_secs(7)),
        })
    }

    fn failure(code: ErrorCode) -> Verdict {
        let body = serde_json::to_string(&ErrorBody::new(code, "why")).unwrap();
        Verdict::from_answer(&answer(code.status(), &body))
    }

    #[test]
    fn every_code_has_its_verdict() {
        for code in ErrorCode::ALL.iter().copied() {
            let verdict = failure(code);
            match code {
                ErrorCode::SessionNotReady
                | ErrorCode::Overloaded
                | ErrorCode::ShuttingDown
                | ErrorCode::LedgerUnavailable
                | ErrorCode::StorageFull
                | ErrorCode::BrowserNotRunning => {
                    let Verdict::NotNow { why, after } = verdict else {
                        panic!("{code}: {verdict:?}")
                    };
                    assert_eq!(why.code, code.as_str());
                    assert_eq!(after, Some(Duration::from_secs(7)));
                }
                ErrorCode::SendUnconfirmed | ErrorCode::BrowserTimeout | ErrorCode::Internal => {
                    assert!(
                        matches!(verdict, Verdict::Unknown(_)),
                        "{code}: {verdict:?}"
                    );
                }
                ErrorCode::EarlierUnconfirmed => {
                    assert!(matches!(verdict, Verdict::ChatWaits(_)), "{verdict:?}");
                }
                ErrorCode::SendUndecided => {
                    assert!(matches!(verdict, Verdict::Undecided(_)), "{verdict:?}");
                }
                ErrorCode::NotOnWhatsapp
                | ErrorCode::InvalidRequest
                | ErrorCode::IdempotencyKeyReused
                | ErrorCode::PayloadTooLarge
                | ErrorCode::MessageNotFound
                | ErrorCode::FileNotFound
                | ErrorCode::UrlNotAllowed
                | ErrorCode::FetchFailed
                | ErrorCode::RecipientBlocked
                | ErrorCode::ReachOutLimit
                | ErrorCode::NewChatLimit
                | ErrorCode::SendFailed => {
                    assert!(
                        matches!(verdict, Verdict::Refused(_)),
                        "{code}: {verdict:?}"
                    );
                }
                // No other code may be interpreted as one of these.
                _ => assert!(!matches!(verdict, Verdict::Accepted { .. }), "{code}"),
            }
        }
        for (body, wa_id, chat) in [
            (
                r#"{"ok":true,"message_id":"true_1@c.us_A"}"#,
                "true_1@c.us_A",
                Some("1@c.us"),
            ),
            (
                r#"{"ok":true,"message_id":"true_1@c.us_A","chat":"2@lid"}"#,
                "true_1@c.us_A",
                Some("2@lid"),
            ),
            (r#"{"ok":true,"message_id":"3EB0"}"#, "3EB0", None),
        ] {
            let accepted = Verdict::Accepted {
                wa_id: wa_id.to_owned(),
                chat: chat.map(str::to_owned),
            };
            assert_eq!(Verdict::from_answer(&answer(200, body)), accepted);
        }
    }

    #[test]
    fn lost_connection_is_not_the_message_s_failure() {
        let body = serde_json::to_string(&ErrorBody::new(ErrorCode::SendFailed, "lost")).unwrap();
        let lost = answer(502, &body).map(|answer| RawAnswer {
            retry_after: Some(Duration::from_secs(2)),
            ..answer
        });
        let Verdict::NotNow { why, after } = Verdict::from_answer(&lost) else {
            panic!("it would be given up");
        };
        assert_eq!(
            (why.code.as_str(), after),
            ("SEND_FAILED", Some(Duration::from_secs(2)))
        );
    }

    #[test]
    fn possibly_sent_is_never_treated_as_not_sent() {
        for error in [
            ClientError::Timeout,
            ClientError::BadResponse("broke off".to_owned()),
        ] {
            let verdict = Verdict::from_answer(&Err(error));
            assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
        }
        for body in ["", "<html>", r#"{"ok":true}"#] {
            let verdict = Verdict::from_answer(&answer(200, body));
            assert!(matches!(verdict, Verdict::Unknown(_)), "{body}");
        }
        let new = answer(502, r#"{"error":true,"code":"NEW","message":"?"}"#);
        assert!(matches!(Verdict::from_answer(&new), Verdict::Unknown(_)));
        let busy = answer(429, r#"{"error":true,"code":"NEW","message":"?"}"#);
        assert!(matches!(
            Verdict::from_answer(&busy),
            Verdict::NotNow { .. }
        ));
        let token = Verdict::from_answer(&Err(ClientError::TokenRefused));
        assert!(matches!(token, Verdict::NotNow { .. }));
    }
}
