//! The alert texts in Spanish, which address the reader as *vos*, like the page.

use session_api::SERVICE_NAME;

use super::super::condition::{Backup, Condition, LimitKind};
use super::Digest;

pub(super) fn title(condition: &Condition) -> String {
    match condition {
        Condition::SessionNotReady { cause, .. } => session_texts(cause).0.to_owned(),
        Condition::SessionManagerDown { .. } => format!("{SERVICE_NAME} no responde"),
        Condition::ManyRestarts { service, number } => {
            format!("{service} se reinició {number} veces en una hora")
        }
        Condition::ShortUptime { service } => {
            format!("{service} se reinició antes de cumplir una hora")
        }
        Condition::BrowserRestarts { number, .. } => {
            format!("el navegador se reinició {number} veces seguidas")
        }
        Condition::HighMemory { service, mib, .. } => format!("{service} usa {mib} MiB de memoria"),
        Condition::CampaignStopped { name, .. } => {
            format!("la campaña «{}» se detuvo sola", shorten(name))
        }
        Condition::WhatsappLimit { kind, .. } => match kind {
            LimitKind::ReachOut => "WhatsApp no deja escribir a gente nueva",
            LimitKind::NewChats => "se alcanzó el límite mensual de chats nuevos",
            LimitKind::NewChatsNear => "el límite mensual de chats nuevos está cerca",
        }
        .to_owned(),
        Condition::WebhookDeadLetters { name, is_off, .. } => {
            let what = if *is_off {
                "se apagó"
            } else {
                "no recibió todo"
            };
            format!("la integración «{}» {what}", shorten(name))
        }
        Condition::BackupFailed { what } => format!("falló la copia de {}", backup_name(*what)),
        Condition::BackupOld { what, hours } => {
            format!(
                "la última copia de {} tiene {hours} horas",
                backup_name(*what)
            )
        }
        Condition::NoBackup { what } => {
            format!("todavía no hay ninguna copia de {}", backup_name(*what))
        }
        Condition::LowDisk { free_mib, .. } => format!("quedan {free_mib} MiB de disco"),
        Condition::LargeProfile { mib } => format!("el perfil del navegador ocupa {mib} MiB"),
        Condition::Certificate { host, is_over } => {
            if *is_over {
                format!("el certificado de {host} no sirve")
            } else {
                format!("el certificado de {host} vence pronto")
            }
        }
        Condition::ClockOff { seconds } => {
            format!("el reloj del servidor está corrido {seconds} s")
        }
    }
}

pub(super) fn body(condition: &Condition, until: &str) -> String {
    match condition {
        Condition::SessionNotReady { cause, message, .. } => {
            let (_, cure) = session_texts(cause);
            let until = match until {
                "" => String::new(),
                until => format!(" El pedido vence el {until}."),
            };
            if cure.is_empty() {
                return format!(
                    "No entra ni sale nada por WhatsApp. session-manager dice: {message}"
                );
            }
            format!("No entra ni sale nada por WhatsApp. {cure}{until}")
        }
        Condition::SessionManagerDown { reason } => format!(
            "El hub no puede hablar con {SERVICE_NAME} ({reason}): no entra ni sale nada. En el servidor: central-hub doctor dice qué pasa y cómo se arregla; pm2 ls, o systemctl status leadmaster-session-manager, si está corriendo."
        ),
        Condition::ManyRestarts { service, .. } | Condition::ShortUptime { service } => format!(
            "{service} no se mantiene en pie. Su registro dice por qué termina: pm2 logs --lines 50, o journalctl -n 50; el comando doctor revisa el servidor. Si lo reiniciaste vos, no hay que hacer nada."
        ),
        Condition::BrowserRestarts {
            number,
            budget,
            window_minutes,
        } => format!(
            "El navegador se cayó {number} veces en {window_minutes} minutos; a las {budget} el servicio deja de intentar. El registro de {SERVICE_NAME} tiene cada causa: ¿falta memoria? ¿Chromium y ChromeDriver son de la misma versión?"
        ),
        Condition::HighMemory {
            service,
            mib,
            limit_mib,
        } => format!(
            "{service} usa {mib} MiB, y lo normal es menos de {limit_mib}. Si sigue creciendo, reinicialo en un momento tranquilo; los mensajes que esperan no se pierden."
        ),
        Condition::CampaignStopped { name, reason, .. } => format!(
            "La campaña «{}» se pausó sola: {} Mirá la causa en la página antes de reanudarla.",
            shorten(name),
            stop_reason(reason)
        ),
        Condition::WhatsappLimit { kind, .. } => {
            let until = if until.is_empty() {
                String::new()
            } else {
                format!(" Hasta {until}.")
            };
            let what = match kind {
                LimitKind::ReachOut => {
                    "WhatsApp no deja escribir a quienes nunca escribieron. Las campañas esperan; a quienes te escriben les podés responder. Cuando pase, escribí a menos gente por día."
                }
                LimitKind::NewChats => {
                    "Se usaron todos los chats nuevos del mes. Las campañas esperan; a quienes te escriben les podés responder."
                }
                LimitKind::NewChatsNear => {
                    "WhatsApp avisa que quedan pocos chats nuevos este mes. Conviene bajar el cupo diario de las campañas."
                }
            };
            format!("{what}{until}")
        }
        Condition::WebhookDeadLetters {
            name,
            number,
            is_off,
            ..
        } => {
            let off = if *is_off {
                " El hub la apagó porque su dirección ya no existe."
            } else {
                ""
            };
            format!(
                "A «{}» no le llegaron {number} avisos después de un día de intentos.{off} En la página, Integraciones dice por qué y los manda de nuevo.",
                shorten(name)
            )
        }
        Condition::BackupFailed { what } => format!(
            "La última copia de seguridad de {} no se pudo hacer. En el servidor: {} dice qué lo impide.",
            backup_name(*what),
            backup_command(*what)
        ),
        Condition::BackupOld { what, hours } => format!(
            "La copia de seguridad más nueva de {} tiene {hours} horas. En el servidor: {} hace una, o dice qué lo impide.",
            backup_name(*what),
            backup_command(*what)
        ),
        Condition::NoBackup { what } => format!(
            "Las copias de seguridad de {} están configuradas y no se hizo ninguna. En el servidor: {} hace una, o dice qué lo impide.",
            backup_name(*what),
            backup_command(*what)
        ),
        Condition::LowDisk { what, free_mib } => format!(
            "Quedan {free_mib} MiB en el disco de {what}. Sin lugar nada se puede guardar y nada sale: df -h y du -xh --max-depth=2 dicen qué lo ocupa."
        ),
        Condition::LargeProfile { mib } => format!(
            "El perfil del navegador ocupa {mib} MiB. Reiniciá {SERVICE_NAME} en un momento tranquilo: al arrancar limpia lo que sobra. Lo demás son chats: los que se borran en el teléfono se borran ahí."
        ),
        Condition::Certificate { host, is_over } => {
            let what = if *is_over {
                "está vencido o no es de confianza: los navegadores no abren la página."
            } else {
                "vence en menos de dos semanas."
            };
            format!(
                "El certificado de {host} {what} En el servidor: certbot renew, o lo que lo renueve."
            )
        }
        Condition::ClockOff { seconds } => format!(
            "El reloj del servidor difiere en {seconds} segundos del de WhatsApp: así WhatsApp y los certificados fallan. En el servidor: timedatectl set-ntp true."
        ),
    }
}

const fn backup_name(what: Backup) -> &'static str {
    match what {
        Backup::Session => "la sesión de WhatsApp",
        Backup::Hub => "la base de datos del hub",
    }
}

const fn backup_command(what: Backup) -> &'static str {
    match what {
        Backup::Session => "session-manager backup",
        Backup::Hub => "central-hub backup",
    }
}

/// Shortens a name; the web page shows the full one.
fn shorten(name: &str) -> String {
    name.chars().take(40).collect()
}

/// Returns the title and the remedy of a cause. The remedy is empty where only
/// the service's own message helps.
fn session_texts(cause: &str) -> (&'static str, &'static str) {
    const LINK: &str = "hay que vincular el teléfono";
    const BROWSER: &str = "el navegador de WhatsApp no se mantiene en pie";
    const BY_ITSELF: &str = "Se vuelve a abrir solo. Si sigue así, revisá la memoria del servidor y el registro de session-manager.";
    match cause {
        "STARTED" | "CODE_SHOWN" | "CODE_NOT_SCANNED" | "LINK_IN_DOUBT" => (
            LINK,
            "Entrá a la página, WhatsApp, y escaneá el código con el teléfono.",
        ),
        "UNLINKED" => (
            "WhatsApp se desvinculó",
            "Se cerró la sesión desde el teléfono o la cerró WhatsApp. Entrá a la página, WhatsApp, y vinculalo de nuevo.",
        ),
        "LOGOUT_REQUESTED" => (
            LINK,
            "Alguien desvinculó el teléfono desde la página. Para volver: la página, WhatsApp, Conectar.",
        ),
        "DISCONNECT_REQUESTED" => (
            "WhatsApp está desconectado a pedido",
            "Alguien lo desconectó desde la página. Para volver: la página, WhatsApp, Conectar.",
        ),
        "PASSKEY_REQUIRED" => (
            "WhatsApp pide la llave de acceso",
            "Para terminar de vincular pide la llave de acceso de la cuenta, dentro de diez minutos. Entrá a la página, WhatsApp, y respondela.",
        ),
        "PASSKEY_UNREADABLE" => (
            "WhatsApp pide la llave de acceso de una forma desconocida",
            "Esta versión no puede responderla. Vinculá en una computadora con session-manager link, o buscá una versión más nueva.",
        ),
        "CODE_SCANNED" | "PROFILE_LINKED" | "SYNC_STALLED" | "OFFLINE_DELIVERY" => (
            "WhatsApp no termina de sincronizar",
            "Dejá WhatsApp abierto en el teléfono, con internet. Si no avanza, desconectá y conectá desde la página.",
        ),
        "CONNECTION_LOST" => (
            "WhatsApp está sin conexión",
            "Se reconecta solo; fijate que el servidor tenga internet.",
        ),
        "SERVICE_UNAVAILABLE" => (
            "los servidores de WhatsApp no responden",
            "No hay nada que arreglar de este lado: vuelve solo cuando se recuperan.",
        ),
        "TOOLS_BROKEN" | "WA_JS_UNREADABLE" => (
            "WhatsApp cambió su página",
            "Por ahora no se puede enviar ni recibir: hace falta un wa-js más nuevo (WA_JS_PATH). Avisale a quien instaló LeadMaster; docs/operaciones.md, «Un wa-js más nuevo».",
        ),
        "CONFLICT" => (
            "WhatsApp Web se abrió en otro lugar",
            "Cerralo ahí y después conectá desde la página.",
        ),
        "TEMPORARILY_BANNED" | "BLOCKED_BY_WHATSAPP" => (
            "WhatsApp bloqueó la cuenta",
            "Pausá todas las campañas y mirá en el teléfono hasta cuándo. Reiniciar no ayuda. Después, escribí a menos gente y a quien lo espera.",
        ),
        "CHROME_NOT_FOUND" | "CHROMEDRIVER_NOT_FOUND" | "UNSUPPORTED_BROWSER" => (
            "falta el navegador o es viejo",
            "En el servidor: apt-get install chromium chromium-driver. El servicio vuelve a probar solo.",
        ),
        "PROFILE_UNUSABLE" => (
            "no se puede usar la carpeta de la sesión",
            "En el servidor: dale al usuario del servicio permiso sobre TOKENS_DIR.",
        ),
        "LEDGER_UNAVAILABLE" => (
            "no se puede anotar lo que se envía",
            "Suele ser el disco lleno: hacé lugar en DATA_DIR. Vuelve solo.",
        ),
        "PAGE_UNREACHABLE" => (
            "no se puede abrir la página de WhatsApp",
            "Fijate que el servidor tenga internet. El servicio vuelve a probar solo.",
        ),
        "TOO_MANY_RESTARTS" => (
            BROWSER,
            "Falló demasiadas veces y ya no se intenta. Mirá el registro de session-manager, y después conectá desde la página.",
        ),
        "BROWSER_LAUNCH_FAILED"
        | "BROWSER_DIED"
        | "CHROMEDRIVER_DIED"
        | "PAGE_CRASHED"
        | "PAGE_HUNG"
        | "PAGE_STUCK"
        | "ACKS_STOPPED"
        | "UNEXPECTED_LOGOUT" => (BROWSER, BY_ITSELF),
        "LINKED_PROFILE_FOUND" | "CONNECT_REQUESTED" | "BACKING_UP" => (
            "WhatsApp no termina de conectar",
            "Está arrancando desde hace rato. En el servidor: session-manager doctor dice qué pasa.",
        ),
        _ => ("WhatsApp no está listo", ""),
    }
}

fn stop_reason(reason: &str) -> &'static str {
    match reason {
        "REACH_OUT_LIMIT" => "WhatsApp no deja escribir a gente nueva.",
        "NEW_CHAT_LIMIT" => "se alcanzó el límite mensual de chats nuevos.",
        "REFUSED_BY_WHATSAPP" => "WhatsApp rechazó varios mensajes seguidos.",
        "FAILURES_IN_A_ROW" => "fallaron varios mensajes seguidos.",
        "MANY_FAILURES" => "falló la mitad de los últimos mensajes.",
        _ => "el hub vio un problema.",
    }
}

pub(super) fn digest(digest: &Digest) -> (String, String) {
    let title = if digest.active.is_empty() {
        format!("resumen del {}: todo bien", digest.day)
    } else {
        format!(
            "resumen del {}: {} por mirar",
            digest.day,
            digest.active.len()
        )
    };
    let session = match digest.ready {
        Some(true) => "WhatsApp está conectado.",
        Some(false) => "WhatsApp no está listo.",
        None => "No se sabe cómo está WhatsApp.",
    };
    let rehearsal = if digest.dry_run {
        " Es un ensayo (DRY_RUN): nada sale de verdad."
    } else {
        ""
    };
    let mut text = format!(
        "{session}{rehearsal}\n\nMensajes de las últimas 24 horas: {} enviados, {} fallidos, {} recibidos. En espera ahora: {}. Avisos: {}.",
        digest.sent, digest.failed, digest.received, digest.waiting, digest.raised
    );
    if !digest.active.is_empty() {
        text.push_str("\n\nPor mirar:");
        for one in &digest.active {
            text.push_str("\n- ");
            text.push_str(one);
        }
    }
    (title, text)
}
