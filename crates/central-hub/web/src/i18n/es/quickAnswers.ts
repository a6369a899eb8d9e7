/** Quick answers: their screen, and the list in the answer box. */
export const quickAnswers = {
  title: 'Respuestas rápidas',
  lead: 'Textos que usás seguido. En un chat, escribí / y elegí uno.',
  back: 'Volver a las conversaciones',
  add: 'Nueva respuesta',
  shortcut: 'Atajo',
  text: 'Texto',
  actions: 'Acciones',
  business: (id: number) => `cliente ${id}`,
  edit: 'Cambiar',
  editOf: (name: string) => `Cambiar /${name}`,
  remove: 'Borrar',
  removeOf: (name: string) => `Borrar /${name}`,
  saved: (name: string) => `/${name} guardada`,
  removed: (name: string) => `/${name} borrada`,
  emptyTitle: 'Todavía no hay respuestas rápidas',
  emptyText: 'Por ejemplo «horario»: con /horario en un chat aparece el texto entero.',
  form: {
    shortcut: 'Atajo',
    shortcutHint: 'Una palabra. En el chat se escribe con / adelante.',
    shortcutWrong: 'Una sola palabra de hasta 30 letras o números.',
    text: 'Texto',
    textHint: 'Entre llaves van los datos de la persona. Si falta el nombre, poné otra palabra: {nombre|vecino}.',
    textEmpty: 'Escribí el texto.',
    insert: 'Poner un dato:',
    insertField: (name: string) => `Poner {${name}}`,
    preview: 'Así le llega a Ana:',
    unknown: (name: string) => `No hay un dato «${name}»: usá {nombre} o {telefono}.`,
    save: 'Guardar',
  },
  /** In the answer box. */
  box: {
    open: 'Respuestas rápidas',
    list: 'Respuestas rápidas',
    loading: 'Buscando respuestas…',
    count: (count: number) =>
      count === 1
        ? '1 respuesta rápida. Enter la pone, Esc cierra.'
        : `${count} respuestas rápidas. Flechas para elegir, Enter la pone, Esc cierra.`,
    none: 'Todavía no hay respuestas rápidas.',
    failed: 'No se pudieron leer las respuestas rápidas.',
    manage: 'Ver y cambiar',
    missing: (names: string) => `Falta un dato de esta persona (${names}): completá los puntos suspensivos antes de enviar.`,
  },
};
