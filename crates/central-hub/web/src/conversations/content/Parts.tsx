import { Anchor, Text, UnstyledButton, VisuallyHidden } from '@mantine/core';
import {
  IconArrowForwardUp,
  IconBan,
  IconChartBar,
  IconMapPin,
  IconPhoneX,
  IconShoppingCart,
  IconSpeakerphone,
  IconUser,
  IconEye,
} from '@tabler/icons-react';
import { useId, useState, type ComponentType } from 'react';
import { Link } from 'wouter';

import { useText } from '../../i18n/I18nProvider';
import { clockText } from '../../lib/days';
import { ROUTES } from '../../lib/routes';
import { RichText } from '../RichText';
import { kindText } from '../thread';
import type { Ad, Card, Edit, Order, Place, Poll, Quoted, Reaction, Selected } from '../types';
import classes from './Content.module.css';

type Icon = ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;

/** A remark about a message, with an icon. */
function Mark({ icon: Sign, children }: { icon: Icon; children: string }) {
  return (
    <span className={classes.mark}>
      <Sign size={15} aria-hidden />
      <span>{children}</span>
    </span>
  );
}

export function Forwarded() {
  return <Mark icon={IconArrowForwardUp}>{useText().conversations.content.forwarded}</Mark>;
}

export function ViewOnce() {
  return <Mark icon={IconEye}>{useText().conversations.content.viewOnce}</Mark>;
}

export function Deleted({ byUs, who }: { byUs: boolean; who: string }) {
  const c = useText().conversations.content;
  return <Mark icon={IconBan}>{byUs ? c.deletedByYou : c.deletedByThem(who)}</Mark>;
}

export function MissedCall({ video }: { video: boolean }) {
  const c = useText().conversations.content;
  return <Mark icon={IconPhoneX}>{video ? c.missedVideoCall : c.missedCall}</Mark>;
}

/** The quoted message; a click jumps to it. */
export function Quote({
  quoted,
  who,
  onJump,
}: {
  quoted: Quoted;
  who: string;
  onJump: (messageId: string) => void;
}) {
  const t = useText();
  const c = t.conversations.content;
  const kind = kindText(t, quoted.kind === undefined || quoted.kind === 'chat' ? 'text' : quoted.kind);
  return (
    <UnstyledButton className={classes.quote} title={c.jump} onClick={() => onJump(quoted.message_id)}>
      <VisuallyHidden>{c.jump}: </VisuallyHidden>
      <span className={classes.quoteWho}>{quoted.from_me ? c.you : who}</span>
      <span className={classes.quoteText}>{[kind, quoted.text].filter(Boolean).join(': ')}</span>
    </UnstyledButton>
  );
}

/** A location, with a link to a map. */
export function PlaceCard({ place }: { place: Place }) {
  const c = useText().conversations.content;
  const at = `${place.latitude},${place.longitude}`;
  const href = `https://www.google.com/maps/search/?api=1&query=${encodeURIComponent(at)}`;
  return (
    <div className={classes.card}>
      <IconMapPin size={24} stroke={1.5} aria-hidden />
      <div className={classes.cardWords}>
        <strong>{place.name ?? (place.live ? c.livePlace : c.place)}</strong>
        {place.address && <span>{place.address}</span>}
        <Anchor href={href} target="_blank" rel="noopener noreferrer" underline="always" c="inherit" size="sm">
          {c.map}
        </Anchor>
      </div>
    </div>
  );
}

function OneCard({ card }: { card: Card }) {
  const c = useText().conversations.content;
  const name = card.name || c.card;
  return (
    <div className={classes.card}>
      <IconUser size={24} stroke={1.5} aria-hidden />
      <div className={classes.cardWords}>
        <strong>{name}</strong>
        {card.organization && <span>{card.organization}</span>}
        {card.phones.map(({ number, whatsapp }) => (
          <span key={number}>
            {number}
            {whatsapp && (
              <>
                {' · '}
                <Anchor
                  component={Link}
                  to={`${ROUTES.conversations}/${encodeURIComponent(whatsapp)}`}
                  underline="always"
                  c="inherit"
                  size="sm"
                >
                  {c.write(name)}
                </Anchor>
              </>
            )}
          </span>
        ))}
        {card.emails?.map((email) => (
          <Anchor key={email} href={`mailto:${encodeURIComponent(email)}`} underline="always" c="inherit" size="sm">
            {email}
          </Anchor>
        ))}
      </div>
    </div>
  );
}

export const Cards = ({ cards }: { cards: readonly Card[] }) => (
  <>
    {cards.map((card, at) => (
      <OneCard key={at} card={card} />
    ))}
  </>
);

export function PollCard({ poll }: { poll: Poll }) {
  const c = useText().conversations.content;
  return (
    <div className={classes.card}>
      <IconChartBar size={24} stroke={1.5} aria-hidden />
      <div className={classes.cardWords}>
        <VisuallyHidden>{c.poll}: </VisuallyHidden>
        <strong>{poll.name}</strong>
        <ul className={classes.options}>
          {poll.options.map((option, at) => (
            <li key={at}>{option}</li>
          ))}
        </ul>
        <Text size="xs" c="dimmed">
          {poll.multiple ? c.pollMany : c.pollHint}
        </Text>
      </div>
    </div>
  );
}

/** Formats an amount; an invalid currency code is shown as received. */
function amountText(total: number, currency: string | undefined, locale: string): string {
  try {
    return new Intl.NumberFormat(locale, currency ? { style: 'currency', currency } : {}).format(total);
  } catch {
    return `${new Intl.NumberFormat(locale).format(total)} ${currency ?? ''}`.trim();
  }
}

export function OrderCard({ order }: { order: Order }) {
  const t = useText();
  const c = t.conversations.content;
  const facts = [
    order.items === undefined ? null : c.items(order.items),
    order.total === undefined ? null : amountText(order.total, order.currency, t.locale),
  ];
  return (
    <div className={classes.card}>
      <IconShoppingCart size={24} stroke={1.5} aria-hidden />
      <div className={classes.cardWords}>
        <strong>{order.title ? `${c.order}: ${order.title}` : c.order}</strong>
        <span>{facts.filter(Boolean).join(' · ')}</span>
      </div>
    </div>
  );
}

export function Choice({ selected }: { selected: Selected }) {
  const c = useText().conversations.content;
  return (
    <div className={classes.choice}>
      <span className={classes.small}>{c.chose}</span>
      <strong>{selected.text}</strong>
      {selected.description && <span>{selected.description}</span>}
    </div>
  );
}

/** Returns the URL if it is an http(s) URL; null otherwise. */
function pageOf(url: string | undefined): string | null {
  if (url === undefined || !URL.canParse(url)) return null;
  return ['http:', 'https:'].includes(new URL(url).protocol) ? url : null;
}

const nameOf = (source: string): string => source.charAt(0).toUpperCase() + source.slice(1);

/** The advertisement through which the contact came. */
export function AdOrigin({ ad }: { ad: Ad }) {
  const c = useText().conversations.content;
  const page = pageOf(ad.url);
  return (
    <div className={classes.ad}>
      <Mark icon={IconSpeakerphone}>{ad.source ? c.adOf(nameOf(ad.source)) : c.ad}</Mark>
      {ad.title && <strong>{ad.title}</strong>}
      {ad.text && <span className={classes.adText}>{ad.text}</span>}
      {page && (
        <Anchor href={page} target="_blank" rel="noopener noreferrer nofollow" underline="always" c="inherit" size="sm">
          {c.adOpen}
        </Anchor>
      )}
    </div>
  );
}

/** The mark of an edited message, which opens its earlier texts. */
export function Edited({ edits, zone }: { edits: readonly Edit[]; zone: string }) {
  const t = useText();
  const c = t.conversations.content;
  const [opened, setOpened] = useState(false);
  const id = useId();
  return (
    <>
      <UnstyledButton
        className={classes.edited}
        aria-expanded={opened}
        aria-controls={id}
        onClick={() => setOpened(!opened)}
      >
        {c.edited}
      </UnstyledButton>
      <div id={id} hidden={!opened} className={classes.earlier}>
        <span className={classes.small}>{c.earlier}</span>
        <ol className={classes.texts}>
          {edits.map(({ text, at }, n) => (
            <li key={n}>
              <RichText text={text} />{' '}
              <time dateTime={at} className={classes.small}>
                {c.until(clockText(at, zone, t.locale))}
              </time>
            </li>
          ))}
        </ol>
      </div>
    </>
  );
}

/** The emoji reactions to a message. */
export function Reactions({
  reactions,
  chat,
  who,
}: {
  reactions: readonly Reaction[];
  chat: string;
  who: string;
}) {
  const c = useText().conversations.content;
  return (
    <ul className={classes.reactions} aria-label={c.reactions}>
      {reactions.map(({ emoji, from }) => {
        const whose = from === chat ? who : c.you;
        return (
          <li key={from} title={whose}>
            {emoji}
            <VisuallyHidden>{c.reacted(whose)}</VisuallyHidden>
          </li>
        );
      })}
    </ul>
  );
}
