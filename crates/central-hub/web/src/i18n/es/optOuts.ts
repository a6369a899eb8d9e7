import type { Actor } from '../../api/actor';

/** `/bajas`. */
export const optOuts = {
  title: 'Bajas',
  lead: 'Personas que pidieron que no les escribamos.',
  number: 'Número',
  how: 'Cómo llegó a la lista',
  when: 'Desde',
  actions: 'Acciones',
  asked: (text: string | null) =>
    text ? `Escribió: «${text}»` : 'Lo pidió con un mensaje',
  addedBy: (who: Actor) => {
    if (who === null) return 'La agregó alguien de la oficina';
    if (who.kind === 'self') return 'La agregaste vos';
    return who.kind === 'program' ? 'La agregó otro programa' : `La agregó ${who.name}`;
  },
  possible: {
    title: 'Por leer',
    text: 'Estos mensajes tienen una palabra de baja en medio de otra cosa. Leelos y decidí.',
    optOut: 'Dar de baja',
    optOutOf: (who: string) => `Dar de baja a ${who}`,
    none: 'No es una baja',
    noneOf: (who: string) => `No es una baja: ${who}`,
  },
  add: 'Agregar un número',
  addSubmit: 'Agregar',
  reason: 'Motivo',
  reasonHint: 'Si querés, por qué. Queda guardado.',
  added: (number: string) => `${number} quedó en Bajas`,
  removed: (number: string) => `${number} salió de Bajas`,
  remove: 'Quitar',
  removeOf: (number: string) => `Quitar ${number}`,
  removeTitle: (number: string) => `¿Quitar ${number} de la lista?`,
  removeText: 'Se le va a poder escribir otra vez. Hacelo solo si esa persona lo pidió.',
  emptyTitle: 'Nadie pidió la baja',
  emptyText: 'Quien escriba una de las palabras de abajo aparece acá solo.',
  words: {
    title: 'Palabras para pedir la baja',
    text: 'Si alguien responde con una de estas palabras, no se le escribe más. No importan mayúsculas ni acentos.',
    label: 'Palabras',
    hint: 'Escribí una y apretá Enter.',
    empty: 'Tiene que haber al menos una palabra.',
    save: 'Guardar las palabras',
    saved: 'Las palabras se guardaron.',
  },
  answer: {
    title: 'Avisar que se entendió',
    text: 'A quien pide la baja le llega este mensaje, una sola vez, y después nada más.',
    on: 'Responder a quien pide la baja',
    label: 'Mensaje',
    suggested: 'Listo: no te escribimos más. Si fue un error, respondé este mensaje.',
    empty: 'Escribí el mensaje.',
    save: 'Guardar',
    saved: 'Se guardó.',
  },
};
