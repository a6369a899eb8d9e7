//! The documents: their commands, and the OpenAPI of both services.

mod commands;
mod openapi;
