/** Reasons of the session's state, by the `cause` of its last transition. */
export const causes = {
  STARTED: 'El servicio arrancó y no hay un teléfono vinculado.',
  LINKED_PROFILE_FOUND: 'El servicio arrancó con un teléfono vinculado y conecta solo.',
  CONNECT_REQUESTED: 'Se pidió conectar.',
  DISCONNECT_REQUESTED: 'Se desconectó a pedido.',
  LOGOUT_REQUESTED:
    'Se desvinculó a pedido. Si el teléfono todavía lo muestra en Dispositivos vinculados, cerralo ahí.',
  BACKING_UP: 'Se está haciendo una copia de seguridad; vuelve sola en unos segundos.',
  CODE_SHOWN: 'Hay un código para escanear.',
  PASSKEY_REQUIRED: 'WhatsApp pide la llave de acceso de la cuenta antes de vincular.',
  PASSKEY_UNREADABLE:
    'WhatsApp pide la llave de acceso de una forma que esta versión no conoce. Vinculá en una computadora con session-manager link, o buscá una versión más nueva.',
  CODE_SCANNED: 'El teléfono aceptó la vinculación.',
  PROFILE_LINKED: 'Se recuperó la sesión guardada.',
  SYNCED: 'Vinculado, sincronizado y conectado.',
  CONNECTION_LOST: 'Se perdió la conexión con WhatsApp. Se recupera sola.',
  OFFLINE_DELIVERY:
    'WhatsApp está entregando lo que llegó mientras no había conexión. Hasta que termine, unos minutos como mucho, retiene lo que se envía.',
  TOOLS_BROKEN:
    'WhatsApp cambió su página y por ahora no se puede enviar ni recibir. Avisale a quien instaló LeadMaster: hace falta un wa-js más nuevo.',
  LINK_IN_DOUBT:
    'La página pide un código aunque el teléfono está vinculado. Se vuelve a abrir para confirmarlo.',
  SERVICE_UNAVAILABLE:
    'Los servidores de WhatsApp no atienden a nadie en este momento. Vuelve solo cuando se recuperan.',
  UNLINKED: 'El dispositivo se desvinculó desde el teléfono.',
  CONFLICT: 'WhatsApp Web se abrió en otro lugar con esta sesión. Cerralo ahí antes de conectar.',
  CODE_NOT_SCANNED: 'Nadie escaneó el código a tiempo.',
};
