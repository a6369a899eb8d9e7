//! Renders the linking QR code as PNG, SVG or text.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, Luma};
use qrcode::render::{svg, unicode};
use qrcode::{EcLevel, QrCode};

/// A code in the formats that are requested often. Each code is rendered once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QrImage {
    /// The text that the phone scans.
    text: String,
    /// The code as a PNG.
    pub png: Vec<u8>,
    /// The same PNG as `data:image/png;base64,…`.
    pub data_url: String,
}

const PIXELS_PER_MODULE: u32 = 8;

impl QrImage {
    /// Renders `text`.
    ///
    /// # Errors
    /// If the text does not fit into any QR code, which does not occur with WhatsApp's codes.
    pub fn draw(text: &str) -> Result<Self, String> {
        let code = encode(text)?;
        let picture = code
            .render::<Luma<u8>>()
            .module_dimensions(PIXELS_PER_MODULE, PIXELS_PER_MODULE)
            .build();
        let mut png = Cursor::new(Vec::new());
        picture
            .write_to(&mut png, ImageFormat::Png)
            .map_err(|error| error.to_string())?;
        let png = png.into_inner();
        let data_url = format!("data:image/png;base64,{}", STANDARD.encode(&png));
        Ok(Self {
            text: text.to_owned(),
            png,
            data_url,
        })
    }

    /// Returns the code as an SVG image.
    pub fn svg(&self) -> Result<String, String> {
        Ok(encode(&self.text)?
            .render::<svg::Color<'_>>()
            .min_dimensions(400, 400)
            .build())
    }

    /// Returns the code as Unicode half blocks, to scan from a terminal. It is drawn dark on light,
    /// since most terminals are light on dark.
    pub fn half_blocks(&self) -> Result<String, String> {
        let mut text = encode(&self.text)?
            .render::<unicode::Dense1x2>()
            .dark_color(unicode::Dense1x2::Light)
            .light_color(unicode::Dense1x2::Dark)
            .build();
        text.push('\n');
        Ok(text)
    }
}

fn encode(text: &str) -> Result<QrCode, String> {
    // Use low error correction, as WhatsApp does: fewer modules help more with a small or blurred
    // picture than more correction does.
    QrCode::with_error_correction_level(text, EcLevel::L).map_err(|error| error.to_string())
}
