// The browser's microphone, as a recording that WhatsApp takes.

/** Why nothing can be recorded. */
export type RecorderProblem = 'insecure' | 'unsupported' | 'refused' | 'missing' | 'busy';

export class CannotRecord extends Error {
  constructor(readonly problem: RecorderProblem) {
    super(problem);
  }
}

/** Containers that hold Opus, the one that WhatsApp takes first. */
const TYPES = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus'];
/** As WhatsApp's own: enough for a voice. */
const BITS_PER_SECOND = 32_000;
/** How often the recorder hands over what it has. */
const SLICE_MS = 1_000;

const PROBLEMS: Readonly<Record<string, RecorderProblem>> = {
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

export interface Recording {
  /** Ends it; what was recorded. */
  stop: () => Promise<Blob>;
  /** Ends it, and keeps nothing. */
  discard: () => void;
}

/** Begins to record, once the person allows it. */
export async function record(onBroken: () => void): Promise<Recording> {
  // Browsers give the microphone to pages over https, and of this machine.
  if (!window.isSecureContext || !navigator.mediaDevices) throw new CannotRecord('insecure');
  const type =
    typeof MediaRecorder === 'undefined'
      ? undefined
      : TYPES.find((one) => MediaRecorder.isTypeSupported(one));
  if (type === undefined) throw new CannotRecord('unsupported');
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true },
    });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    throw new CannotRecord(PROBLEMS[name] ?? 'missing');
  }
  const recorder = new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: BITS_PER_SECOND });
  const parts: Blob[] = [];
  recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
  // The browser shows that a microphone is open until its tracks are stopped.
  const close = () => stream.getTracks().forEach((track) => track.stop());
  const ended = new Promise<void>((resolve) => {
    recorder.addEventListener('stop', () => {
      close();
      resolve();
    });
  });
  recorder.addEventListener('error', onBroken);
  // The microphone was unplugged, or taken away.
  stream.getTracks().forEach((track) => track.addEventListener('ended', onBroken));
  recorder.start(SLICE_MS);
  const end = () => {
    if (recorder.state !== 'inactive') recorder.stop();
  };
  return {
    stop: async () => {
      end();
      await ended;
      return new Blob(parts, { type });
    },
    discard: end,
  };
}
