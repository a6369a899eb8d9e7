//! Makes the calls about a message or a chat: edits, deletions, reactions, read receipts, typing,
//! and what WhatsApp says about a contact.

use bytes::Bytes;
use http::Method;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use session_api::{
    ChangedBody, ChatForgottenBody, ContactBody, EditRequest, ReactionRequest, ReadBody,
    TypingBody, TypingRequest,
};

use crate::client::{SessionClient, decode, read, to_json};
use crate::error::ClientError;

impl SessionClient {
    /// Requests `PUT /messages/{id}`, once: this client never retries it.
    ///
    /// # Errors
    /// See [`ClientError`]. After an error the message may have been edited, as for a send.
    pub async fn edit_message(
        &self,
        id: &str,
        request: &EditRequest,
    ) -> Result<ChangedBody, ClientError> {
        self.act(Method::PUT, &["messages", id], Some(request))
            .await
    }

    /// Requests `DELETE /messages/{id}`, which deletes a sent message for everyone.
    ///
    /// # Errors
    /// See [`ClientError`]. After an error the message may have been deleted, as for a send.
    pub async fn delete_message(&self, id: &str) -> Result<ChangedBody, ClientError> {
        self.act(Method::DELETE, &["messages", id], None::<&()>)
            .await
    }

    /// Requests `PUT /messages/{id}/reaction`, once: this client never retries it.
    ///
    /// # Errors
    /// See [`ClientError`]. After an error the reaction may have been given, as for a send.
    pub async fn react(
        &self,
        id: &str,
        request: &ReactionRequest,
    ) -> Result<ChangedBody, ClientError> {
        let path = ["messages", id, "reaction"];
        self.act(Method::PUT, &path, Some(request)).await
    }

    /// Requests `DELETE /messages/{id}/reaction`, which takes the account's reaction away.
    ///
    /// # Errors
    /// See [`ClientError`]. After an error it may have been taken away, as for a send.
    pub async fn remove_reaction(&self, id: &str) -> Result<ChangedBody, ClientError> {
        let path = ["messages", id, "reaction"];
        self.act(Method::DELETE, &path, None::<&()>).await
    }

    /// Requests `POST /chats/{to}/read`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn mark_read(&self, to: &str) -> Result<ReadBody, ClientError> {
        self.act(Method::POST, &["chats", to, "read"], None::<&()>)
            .await
    }

    /// Requests `POST /chats/{to}/typing`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn typing(
        &self,
        to: &str,
        request: &TypingRequest,
    ) -> Result<TypingBody, ClientError> {
        self.act(Method::POST, &["chats", to, "typing"], Some(request))
            .await
    }

    /// Requests `DELETE /chats/{to}/messages`, which forgets what session-manager keeps of a chat,
    /// up to the event `until`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn forget_chat(
        &self,
        to: &str,
        until: u64,
    ) -> Result<ChatForgottenBody, ClientError> {
        let timeouts = self.timeouts();
        let (path, until) = (["chats", to, "messages"], until.to_string());
        let request = self
            .request_with_query(Method::DELETE, &path, Some(("until", &until)))?
            .timeout(timeouts.after_connecting(timeouts.send));
        let response = request.send().await.map_err(ClientError::of_transport)?;
        decode(&read(response).await?)
    }

    /// Requests `GET /contacts/{to}`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn contact(&self, to: &str) -> Result<ContactBody, ClientError> {
        self.act(Method::GET, &["contacts", to], None::<&()>).await
    }

    /// Makes a call that may take as long as a send, since it may wait behind a send and for
    /// WhatsApp's server.
    async fn act<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&impl Serialize>,
    ) -> Result<T, ClientError> {
        let timeouts = self.timeouts();
        let mut request = self
            .request_segments(method, path)?
            .timeout(timeouts.after_connecting(timeouts.send));
        if let Some(body) = body {
            let json: Bytes = to_json(body);
            request = request.header(CONTENT_TYPE, "application/json").body(json);
        }
        let response = request.send().await.map_err(ClientError::of_transport)?;
        decode(&read(response).await?)
    }
}
