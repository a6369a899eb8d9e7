//! Recognizes opt-out messages ("BAJA", "STOP").
//!
//! ```text
//!  message ─> normalized ─> courtesies removed ─┬─ one of the configured words
//!                                               └─ a request in other words
//! ```
//!
//! The request has to be the whole message, or a whole sentence: "BAJA", "Stop.
//! Thank you", "Buenas tardes, baja por favor", "Quiero darme de baja", "no me
//! escriban más". Messages such as "la casa de planta baja" or "¿puede bajar el
//! precio?" merely contain a word; they are left to a person, and so are
//! questions.

mod word_lists;

use self::word_lists::{
    COMPLETE_REQUESTS, COURTESIES, INCOMPLETE, REQUEST_OBJECTS, REQUEST_STARTS, REQUEST_VERBS,
};
use crate::text::fold;

/// The opt-out words that are used unless others are configured.
pub const DEFAULT_WORDS: &[&str] = &[
    "BAJA",
    "DAR DE BAJA",
    "DARME DE BAJA",
    "STOP",
    "UNSUBSCRIBE",
];

/// Maximum length of a message that is checked, in characters: opt-out requests
/// are short, and a long letter is not an opt-out.
const MAX_CHECKED_CHARACTERS: usize = 160;
/// Maximum length of a configured word, in characters.
pub const MAX_WORD_LENGTH: usize = 40;
/// Maximum number of configured words.
pub const MAX_WORDS: usize = 50;

/// The opt-out words, against which messages are matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptOutWords {
    words: Vec<String>,
}

/// A word that cannot be configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadWords {
    /// The word has no letter or digit, or is too long.
    #[error(
        "each word must contain letters or digits and have at most {MAX_WORD_LENGTH} characters"
    )]
    Word,
    /// There are too many words.
    #[error("at most {MAX_WORDS} words")]
    TooMany,
}

impl Default for OptOutWords {
    fn default() -> Self {
        let words = DEFAULT_WORDS.iter().map(|word| normalize(word)).collect();
        Self { words }
    }
}

impl OptOutWords {
    /// Uses exactly these words; an empty list disables the detection.
    ///
    /// # Errors
    /// [`BadWords`] for a word that could never match, or for too many words.
    pub fn new<S: AsRef<str>>(words: &[S]) -> Result<Self, BadWords> {
        if words.len() > MAX_WORDS {
            return Err(BadWords::TooMany);
        }
        let mut plain_words = Vec::with_capacity(words.len());
        for word in words {
            let word = word.as_ref();
            let is_short = word.chars().count() <= MAX_WORD_LENGTH;
            match normalize(word) {
                it if it.is_empty() || !is_short => return Err(BadWords::Word),
                it if plain_words.contains(&it) => {}
                it => plain_words.push(it),
            }
        }
        Ok(Self { words: plain_words })
    }

    /// Returns the words in the normalized form in which they are compared.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// Returns the word that the message consists of, or the first configured
    /// word if the message asks in other words. Returns `None` if the message
    /// is not an opt-out, or while the detection is disabled.
    #[must_use]
    pub fn matching_word(&self, message: &str) -> Option<&str> {
        let first = self.words.first()?;
        if message.chars().nth(MAX_CHECKED_CHARACTERS).is_some() {
            return None;
        }
        let whole = normalize(message);
        let rest = strip_courtesies(&whole);
        // A configured word may itself be a courtesy, so the unchanged text is compared first.
        if let Some(word) = self.word(&whole).or_else(|| self.word(rest)) {
            return Some(word);
        }
        if self.is_wish(rest) {
            return Some(first);
        }
        // "Stop. Thank you"; "Dame de baja. No vivo más ahí."
        let mut sentences = split_sentences(message);
        sentences.retain(|it| !strip_courtesies(it).is_empty() && !COURTESIES.contains(&&**it));
        if let [only] = &*sentences
            && let Some(word) = self.word(strip_courtesies(only))
        {
            return Some(word);
        }
        let mut rests = sentences.iter().map(|it| strip_courtesies(it));
        rests
            .any(|it| it.contains(' ') && self.is_wish(it))
            .then_some(first)
    }

    /// Returns the first opt-out word that a message contains, whatever else
    /// the message says. A person has to read such a message.
    #[must_use]
    pub fn mentioned_word(&self, message: &str) -> Option<&str> {
        let text = format!(" {} ", normalize(message));
        let is_in = |word: &&String| text.contains(&format!(" {word} "));
        self.words.iter().find(is_in).map(String::as_str)
    }

    fn word(&self, text: &str) -> Option<&str> {
        let found = self.words.iter().find(|word| *word == text);
        found.map(String::as_str)
    }

    /// Returns whether the text is an opt-out request in other words, and nothing else.
    fn is_wish(&self, text: &str) -> bool {
        let is_said = |text: &str| {
            let is_whole = COMPLETE_REQUESTS.contains(&text) && !INCOMPLETE.contains(&text);
            // Phrases are removed one at a time, because "me" can also end a request.
            let mut shorter = std::iter::successors(strip_phrase(text, REQUEST_OBJECTS), |rest| {
                strip_phrase(rest, REQUEST_OBJECTS)
            });
            is_whole || shorter.any(|rest| COMPLETE_REQUESTS.contains(&rest))
        };
        is_said(text) || is_said(strip_leading(text, REQUEST_STARTS)) || self.asks_by_word(text)
    }

    /// Returns whether the text is "quiero darme de" or the like, followed by
    /// an opt-out word and optionally by what to opt out from.
    fn asks_by_word(&self, text: &str) -> bool {
        // "baja más" is about a price, not an opt-out.
        let is_from = |it: &&str| {
            let start = it.split(' ').next();
            it.contains(' ')
                && matches!(
                    start,
                    Some("de" | "da" | "dos" | "del" | "from" | "por" | "a")
                )
        };
        let objects: Vec<_> = REQUEST_OBJECTS.iter().copied().filter(is_from).collect();
        let text = strip_trailing(text, &objects);
        self.words.iter().any(|word| {
            let Some(before) = text.strip_suffix(word.as_str()) else {
                return false;
            };
            if before.is_empty() {
                return true;
            }
            let Some(before) = before.strip_suffix(' ') else {
                return false;
            };
            let request = strip_leading(before, REQUEST_STARTS);
            REQUEST_VERBS.contains(&before)
                || request != before
                    && (matches!(request, "" | "la" | "mi") || REQUEST_VERBS.contains(&request))
        })
    }
}

/// Splits a message into normalized sentences. In a question, a comma does not
/// end a sentence: "si me dan de baja, ¿qué pasa?".
fn split_sentences(message: &str) -> Vec<String> {
    let is_asked = message.contains(['?', '¿']);
    let ends = |c: char| {
        matches!(c, '.' | '!' | '\n' | '?' | '¡' | '¿' | '…') || !is_asked && matches!(c, ',' | ';')
    };
    let sentences = message.split(ends).map(normalize);
    sentences.filter(|sentence| !sentence.is_empty()).collect()
}

/// Removes the longest of these phrases from the end. Returns `None` if the
/// text ends with none of them.
fn strip_phrase<'a>(text: &'a str, phrases: &[&str]) -> Option<&'a str> {
    phrases
        .iter()
        .filter_map(|phrase| text.strip_suffix(phrase)?.strip_suffix(' '))
        .min_by_key(|rest| rest.len())
}

/// Removes all of these phrases from the end of the text.
fn strip_trailing<'a>(text: &'a str, phrases: &[&str]) -> &'a str {
    let mut text = text;
    while let Some(rest) = strip_phrase(text, phrases) {
        text = rest;
    }
    text
}

/// Removes all of these phrases from the start of the text.
fn strip_leading<'a>(text: &'a str, phrases: &[&str]) -> &'a str {
    let mut text = text;
    loop {
        let longest = phrases
            .iter()
            .filter_map(|phrase| match text.strip_prefix(phrase)? {
                "" => Some(""),
                rest => rest.strip_prefix(' '),
            })
            .min_by_key(|rest| rest.len());
        match longest {
            Some(rest) => text = rest,
            None => return text,
        }
    }
}

/// Returns the letters and digits, folded to lower case without accents, with
/// one space between words.
fn normalize(text: &str) -> String {
    let spaced: String = fold(text)
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn strip_courtesies(message: &str) -> &str {
    let mut text = message;
    loop {
        let before = text;
        // A text that consists only of courtesies requests nothing and is kept unchanged.
        let start = strip_leading(text, COURTESIES);
        text = if start.is_empty() { text } else { start };
        text = strip_trailing(text, COURTESIES);
        if text == before {
            return text;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_within_a_sentence_are_noticed() {
        let words = OptOutWords::default();
        for message in [
            "la casa de planta baja",
            "¿Me podés dar de BAJA o cambiar el plan?",
            "si me dan de baja, ¿qué pasa?",
            &format!("{} stop {}", "x ".repeat(100), "y ".repeat(100)),
        ] {
            assert_eq!(words.matching_word(message), None, "{message}");
            assert!(words.mentioned_word(message).is_some(), "{message}");
        }
        for message in ["trabaja", "¿puede bajar el precio?", "nonstop", ""] {
            assert_eq!(words.mentioned_word(message), None, "{message}");
        }
        let none: [&str; 0] = [];
        let off = OptOutWords::new(&none).unwrap();
        assert_eq!(off.mentioned_word("planta baja"), None);
    }

    #[test]
    fn the_word_alone_asks() {
        let words = OptOutWords::default();
        for message in [
            "BAJA",
            "baja",
            " Baja. ",
            "¡¡BAJA!!",
            "bájà",
            "Baja por favor",
            "Hola, baja, muchas gracias.",
            "\"BAJA\"",
            "*BAJA*",
            "ＢＡＪＡ",
            "B\u{61}\u{301}ja",
            "dar de baja",
            "Stop",
            "baja 🙏",
            "Stop. Thank you",
            "Stop, thanks!",
            "Buenas tardes, baja por favor",
            "Hola buenas tardes. Baja. Muchas gracias",
            "Dame de baja",
            "Dame de baja por favor",
            "denme de baja de la lista",
            "Quiero darme de baja",
            "Hola, quisiera darme de baja de sus mensajes. Gracias",
            "Quiero que me den de baja",
            "¿Me pueden dar de baja?",
            "me das de baja",
            "Solicito la baja",
            "quiero la baja",
            "Baja de la lista",
            "no me escriban más",
            "No me escriban mas por favor, gracias",
            "no me escriban nunca más",
            "Por favor no me manden más mensajes",
            "sacame de la lista",
            "Sáquenme de su lista por favor",
            "no quiero recibir",
            "No quiero recibir más mensajes",
            "no quiero recibir publicidad",
            "Ya no quiero recibir mensajes de ustedes",
            "No me interesa, no me escriban más",
            "Dame de baja. No vivo más ahí.",
            "Dejen de mandarme mensajes",
            "borrame de la lista",
            "eliminen mi número de la base",
            "Quero sair da lista",
            "SAIR",
            "não quero receber mais mensagens",
            "Bom dia, não me mandem mais mensagens, obrigado",
            "Me tira da lista por favor",
            "pare de me mandar mensagens",
            "Please remove me from your list",
            "unsubscribe me please",
            "Stop texting me",
            "don't text me anymore",
            "Do not contact me again",
            "I want to unsubscribe",
            "take me off your list",
            "No quiero más mensajes",
            "No quiero más mensajes de ustedes, gracias",
            "No más mensajes",
            "No más publicidad por favor",
            "Me quiero dar de baja",
            "Hola, me quiero dar de baja de la lista",
            "Eliminar mi número",
            "Borrar mi número de su base de datos",
            "Quiero que eliminen mis datos",
            "Não quero mais mensagens",
            "Parem de me mandar mensagens",
            "Pare",
            "Remova meu número",
            "I don't want to receive messages",
            "Please remove my number from your list",
            "Stop contacting me",
            "Pode me tirar da lista?",
            "Podem me remover da sua lista, por favor",
            "Quero parar de receber mensagens",
            "Basta",
            "¡Basta ya!",
            "descadastrar",
            "cancelar inscrição",
            "por favor bórrenme",
            "no quiero que me escriban más",
            "Opt out please",
        ] {
            assert!(words.matching_word(message).is_some(), "{message}");
        }
    }

    #[test]
    fn a_sentence_with_the_word_is_for_a_person() {
        let words = OptOutWords::default();
        for message in [
            "",
            "   ",
            "¿me das de baja el servicio?",
            "la calidad es baja",
            "bajá la música",
            "planta baja",
            "no quiero la baja",
            "bajar",
            "rebaja",
            "por favor",
            "la casa de planta baja",
            "¿puede bajar el precio?",
            "planta baja por favor",
            "busco algo en planta baja, gracias",
            "prefiero la planta baja",
            "baja más",
            "si baja el precio lo compro",
            "está muy baja la oferta",
            "me das de baja el servicio",
            "dame de baja la tarjeta",
            "Si me das de baja, ¿qué pasa con la cuota?",
            "no quiero recibir la llave hoy",
            "no me manden la factura todavía",
            "sacame una duda",
            "¿me sacan una foto?",
            "borrame la cita del lunes",
            "no quiero más",
            "no quiero más nada",
            "no quiero más café",
            "no más",
            "não quero mais",
            "pare un poco",
            "no quiero borrar mi número",
            "I don't want to receive the keys today",
            "basta de lluvia",
            "stop by tomorrow",
            "non-stop",
            "the bus stop",
            "don't send the invoice yet",
            "can you stop by?",
            "quero sair do apartamento em março",
            "parar de chover",
            "pode me tirar uma dúvida?",
            "quero parar de receber a fatura em casa",
            "la baja del dólar me favorece",
            "quiero dar de baja el cable",
            "cancelar el turno de mañana",
            "cancelar a consulta",
            "please don't remove my order",
            "me escriben más tarde?",
            "stop at 5 pm then",
            "Baja. ¿O era alta?",
            "hola",
            "gracias",
            &format!("baja{}", " ".repeat(200)),
        ] {
            assert_eq!(words.matching_word(message), None, "{message}");
        }
    }

    #[test]
    fn words_are_set() {
        let words = OptOutWords::new(&["No más", "no mas!", "Gracias"]).unwrap();
        assert_eq!(words.words(), ["no mas", "gracias"]);
        assert_eq!(words.matching_word("NO MÁS por favor"), Some("no mas"));
        assert_eq!(words.matching_word("gracias"), Some("gracias"));
        assert_eq!(words.matching_word("baja"), None);
        assert_eq!(OptOutWords::new(&["..."]), Err(BadWords::Word));
        assert_eq!(OptOutWords::new(&["a".repeat(41)]), Err(BadWords::Word));
        assert_eq!(OptOutWords::new(&["a"; 51]), Err(BadWords::TooMany));
        let off = OptOutWords::new::<&str>(&[]).unwrap();
        assert_eq!(off.matching_word("baja"), None);
    }

    proptest! {
        #[test]
        fn decoration_changes_nothing(before in "[ .,!¡*_-]{0,8}", after in "[ .,!¡*_-]{0,8}") {
            let words = OptOutWords::default();
            let message = format!("{before}BaJá{after}");
            prop_assert_eq!(words.matching_word(&message), Some("baja"));
        }

        #[test]
        fn nothing_panics(message in "\\PC{0,120}") {
            let _ = OptOutWords::default().matching_word(&message);
        }
    }
}
