// Records from the microphone in a format that WhatsApp accepts.

/** The reason why recording is impossible. */
export type RecorderProblem = 'insecure' | 'unsupported' | 'refused' | 'missing' | 'busy';

export class CannotRecord extends Error {
  constructor(readonly problem: RecorderProblem) {
    super(problem);
  }
}

/**
 * What browsers write: first what WhatsApp accepts directly, then what the page can convert, then
 * what Safari before 18.4 writes, which the service converts.
 */
const TYPES = ['audio/ogg;codecs=opus', 'audio/webm;codecs=opus', 'audio/mp4'];
/** The same bit rate as WhatsApp's recorder. */
const BITS_PER_SECOND = 32_000;
/** Interval at which the recorder delivers recorded data. */
const SLICE_MS = 1_000;

const PROBLEMS: Readonly<Record<string, RecorderProblem>> = {
  NotAllowedError: 'refused',
  SecurityError: 'refused',
  NotFoundError: 'missing',
  NotReadableError: 'busy',
  AbortError: 'busy',
};

export interface Recording {
  /** Ends the recording, and returns it. */
  stop: () => Promise<Blob>;
  /** Ends the recording, and discards it. */
  discard: () => void;
}

/** Starts recording, after the user permits the microphone. */
export async function record(onBroken: () => void): Promise<Recording> {
  // Browsers permit the microphone only on https and loopback.
  if (!window.isSecureContext || !navigator.mediaDevices) throw new CannotRecord('insecure');
  const type =
    typeof MediaRecorder === 'undefined'
      ? undefined
      : TYPES.find((mimeType) => MediaRecorder.isTypeSupported(mimeType));
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
  // Stops the tracks, until which the browser indicates an open microphone.
  const close = () => stream.getTracks().forEach((track) => track.stop());
  const ended = new Promise<void>((resolve) => {
    recorder.addEventListener('stop', () => {
      close();
      resolve();
    });
  });
  recorder.addEventListener('error', onBroken);
  // The microphone was unplugged, or its permission revoked.
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
