/** The state of the line: banner, foot of the menu, start screen. */
export const line = {
  states: {
    unknown: '—',
    unlinked: 'sin vincular',
    connecting: 'conectando…',
    linking: 'esperando el escaneo',
    syncing: 'sincronizando…',
    offline: 'sin conexión',
    connected: 'conectado',
    paused: 'desconectado',
    trouble: 'con un problema',
  },
  troubles: {
    hubAway: 'No hay conexión con el servidor, reintentando… Lo que se ve puede estar desactualizado.',
    managerAway: 'LeadMaster no puede hablar con WhatsApp. Si sigue así en 5 minutos, avisale a soporte.',
    unlinked: 'WhatsApp está desvinculado: no entra ni sale nada.',
    offline:
      'WhatsApp está sin conexión: no entra ni sale nada. El teléfono sigue vinculado y se reconecta solo; fijate que el servidor tenga internet.',
    whatsappDown:
      'Los servidores de WhatsApp no responden: no entra ni sale nada. Vuelve solo cuando se recuperan.',
    elsewhere:
      'WhatsApp se abrió en otro lugar con esta sesión: acá no entra ni sale nada. Cerralo ahí y volvé a conectar.',
    passkey: 'WhatsApp pide la llave de acceso de la cuenta para terminar de vincular.',
    toolsBroken:
      'WhatsApp cambió su página y por ahora no se puede enviar ni recibir. Avisale a quien instaló LeadMaster: hace falta un wa-js más nuevo.',
    paused: 'La conexión con WhatsApp está pausada: no entra ni sale nada.',
    broken: 'WhatsApp tiene un problema: no entra ni sale nada.',
    reachOut: (until: string | null) =>
      `WhatsApp no deja escribir a quienes nunca escribieron${until === null ? '' : `, hasta ${until}`}. A quienes te escriben les podés responder.`,
    newChats: (until: string | null) =>
      `Se alcanzó el límite mensual de chats nuevos de WhatsApp${until === null ? '' : `, hasta ${until}`}. A quienes te escriben les podés responder.`,
  },
  ways: {
    link: 'Vincular',
    connect: 'Conectar',
    passkey: 'Responder',
    look: 'Ver qué hacer',
  },
};

/** The letter to the operator of the server. */
export const operator = {
  title: 'Cómo se activa el envío',
  text: 'Lo activa quien instaló LeadMaster, en el servidor: es un candado a propósito, para que nada salga por error. Mandale este mensaje:',
  letter: (settings: string, lines: string) =>
    `Hola, ¿podés activar el envío en LeadMaster? En el servidor, desde su carpeta:

1. En deploy/local.cjs, dentro de 'leadmaster-central-hub':
${settings}

2. Después:
pm2 delete leadmaster-central-hub
pm2 start deploy/central-hub/ecosystem.config.js
pm2 save

Si corre con systemd o contenedores, en su central-hub.env:
${lines}
y reiniciar el servicio (systemctl restart leadmaster-central-hub, o docker compose up -d).

DRY_RUN en false hace que los mensajes salgan de verdad; AUTO_CAMPAIGNS_ENABLED en true deja salir las campañas con horario aprobado. Está en docs/operaciones.md. ¡Gracias!`,
  copy: 'Copiar el mensaje',
  copied: 'Copiado',
  mail: 'Mandar por correo',
  subject: 'Activar el envío en LeadMaster',
};
