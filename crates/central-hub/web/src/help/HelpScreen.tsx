import { Anchor, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'wouter';

import { useLinks } from '../auth/links';
import { useText } from '../i18n/I18nProvider';
import { ROUTES, type RouteName } from '../lib/routes';
import { ActionError } from '../ui/ActionError';
import { Screen } from '../ui/Screen';
import { ScreenLoading } from '../ui/ScreenLoading';
import { Surface } from '../ui/Surface';
import { parseGuide, type Block, type Piece } from './guide';

const LIST = { margin: 0, paddingInlineStart: 22 };
const ITEM = { paddingBlock: 4 };
const PICTURE = {
  width: '100%',
  height: 'auto',
  border: '1px solid var(--lm-line)',
  borderRadius: 8,
};

/** Loads the guide in one language. */
const load = async (locale: string) => {
  const text = locale.startsWith('es')
    ? await import('./guide.es.md?raw')
    : await import('./guide.en.md?raw');
  return parseGuide(text.default);
};

/** The screen of the user guide; names of screens in it are links. */
export default function HelpScreen() {
  const t = useText();
  const guide = useQuery({
    queryKey: ['guide', t.locale],
    queryFn: () => load(t.locale),
    staleTime: Infinity,
  });
  if (!guide.data) {
    return (
      <Screen title={t.nav.help}>
        {guide.error ? <ActionError error={guide.error} /> : <ScreenLoading />}
      </Screen>
    );
  }
  const { title, lead, chapters } = guide.data;
  return (
    <Screen title={title} lead={lead}>
      <Surface>
        <nav aria-label={t.help.contents}>
          <ul style={LIST} className="lm-contents">
            {chapters.map((chapter, at) => (
              <li key={chapter.title} style={ITEM}>
                <Anchor href={`#guia-${at + 1}`}>{chapter.title}</Anchor>
              </li>
            ))}
          </ul>
        </nav>
      </Surface>
      {chapters.map((chapter, at) => (
        <Surface key={chapter.title} id={`guia-${at + 1}`} style={{ scrollMarginBlockStart: 100 }}>
          <Title order={2} size="h4" mb="sm">
            {chapter.title}
          </Title>
          <Stack gap="sm" maw={720}>
            {chapter.blocks.map((block, index) => (
              <BlockView key={index} block={block} />
            ))}
          </Stack>
        </Surface>
      ))}
    </Screen>
  );
}

/** The URLs of the pictures, by file name. */
const PICTURES = import.meta.glob<string>('./pictures/*.webp', {
  query: '?url',
  import: 'default',
  eager: true,
});

function BlockView({ block }: { block: Block }) {
  if (block.kind === 'picture') {
    return (
      <img
        src={PICTURES[`./pictures/${block.name}`]}
        alt={block.text}
        width={1080}
        height={720}
        loading="lazy"
        style={PICTURE}
      />
    );
  }
  if (block.kind === 'text') {
    return (
      <Text>
        <Pieces pieces={block.pieces} />
      </Text>
    );
  }
  const ListTag = block.ordered ? 'ol' : 'ul';
  return (
    <ListTag style={LIST}>
      {block.items.map((pieces, at) => (
        <li key={at} style={ITEM}>
          <Pieces pieces={pieces} />
        </li>
      ))}
    </ListTag>
  );
}

function Pieces({ pieces }: { pieces: readonly Piece[] }): ReactNode {
  const { nav } = useText();
  const links = useLinks();
  return pieces.map(({ text, strong }, at) => {
    if (!strong) return text;
    const route = (Object.keys(ROUTES) as RouteName[]).find((name) => nav[name] === text);
    const to = route ? links(route) : null;
    return to ? (
      <Anchor key={at} component={Link} to={to} inherit fw={600}>
        {text}
      </Anchor>
    ) : (
      <strong key={at}>{text}</strong>
    );
  });
}
