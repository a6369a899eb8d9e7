//! Tests the documents: their commands, and the OpenAPI documents of both services.

mod commands;
mod openapi;
