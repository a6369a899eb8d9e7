import { ApiError, BAD_RESPONSE, HUB_UNREACHABLE, csrfHeader, withCsrf } from './http';
import type { ErrorBody } from './types';

interface Options {
  file: Blob;
  /** Receives the uploaded fraction of the file, from 0 to 1. */
  onProgress: (part: number) => void;
  signal: AbortSignal;
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Sends `POST path` with a file as the body. Uses XMLHttpRequest, since `fetch`
 * does not report upload progress.
 */
export const upload = <T>(path: string, options: Options): Promise<T> =>
  withCsrf(() => uploadOnce<T>(path, options));

function uploadOnce<T>(path: string, { file, onProgress, signal }: Options): Promise<T> {
  return new Promise((resolve, reject) => {
    const sent = new XMLHttpRequest();
    sent.open('POST', path);
    sent.setRequestHeader('accept', 'application/json');
    sent.setRequestHeader('content-type', file.type || 'application/octet-stream');
    for (const [name, value] of Object.entries(csrfHeader())) sent.setRequestHeader(name, value);
    sent.upload.addEventListener('progress', ({ loaded, total }) => {
      if (total > 0) onProgress(loaded / total);
    });
    sent.addEventListener('load', () => {
      const answer = read(sent.responseText);
      if (sent.status >= 200 && sent.status < 300 && answer !== undefined) {
        resolve(answer as T);
        return;
      }
      const { code, message } = (answer ?? {}) as Partial<ErrorBody>;
      reject(
        new ApiError(
          code ?? BAD_RESPONSE,
          message ?? `${path} answered ${sent.status} without a reason`,
          sent.status,
          { ...(answer as object) },
        ),
      );
    });
    sent.addEventListener('error', () =>
      reject(new ApiError(HUB_UNREACHABLE, 'The connection broke off while the file was sent')),
    );
    sent.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')));
    signal.addEventListener('abort', () => sent.abort());
    sent.send(file);
  });
}
