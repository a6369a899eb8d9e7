import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';

import { piecesOf, type Piece } from '../lib/richText';

function renderPiece(piece: Piece, key: number): ReactNode {
  switch (piece.kind) {
    case 'text':
      return piece.text;
    case 'link':
      return (
        <Anchor
          key={key}
          href={piece.href}
          target="_blank"
          rel="noopener noreferrer nofollow"
          inherit
          underline="always"
          c="inherit"
        >
          {piece.text}
        </Anchor>
      );
    case 'monospace':
      return (
        <code key={key} className="lm-mono">
          {piece.text}
        </code>
      );
    case 'bold':
      return <strong key={key}>{piece.pieces.map(renderPiece)}</strong>;
    case 'italic':
      return <em key={key}>{piece.pieces.map(renderPiece)}</em>;
    case 'struck':
      return <s key={key}>{piece.pieces.map(renderPiece)}</s>;
  }
}

/** A message formatted as in WhatsApp: bold, italic, links. */
export const RichText = ({ text }: { text: string }) => <>{piecesOf(text).map(renderPiece)}</>;
