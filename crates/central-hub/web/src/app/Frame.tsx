import { Burger, Container, Group } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconDots } from '@tabler/icons-react';
import { Suspense, useEffect, useRef, type ReactNode } from 'react';
import { Link, useLocation } from 'wouter';

import { useText } from '../i18n/I18nProvider';
import { QUICK_ANSWERS, ROUTES } from '../lib/routes';
import { useOnceTrue } from '../lib/useOnceTrue';
import { Logo } from '../ui/Logo';
import { lazyWithStyles } from '../ui/lazyWithStyles';
import { Preferences } from '../ui/Preferences';
import { useInbox } from '../live/useInbox';
import { Alerts } from './Alerts';
import { Banners } from './Banners';
import { Waiting } from './Waiting';
import classes from './Frame.module.css';
import { useMenuEntries } from './navigation';

/** Loaded beside the screen; on a phone, when the menu is first opened. */
const Menu = lazyWithStyles(() => import('./Menu'));

const CONTENT = 'content';
/** Keeps what is fixed in place when a dialog hides the scroll bar (react-remove-scroll). */
const ZERO_RIGHT = 'right-scroll-bar-position';
/** Phone width, where the menu is closed by default. */
const PHONE = '(max-width: 47.99em)';
/** Entries of the bottom bar on a phone; the other entries are in the menu. */
const IN_BAR: ReadonlySet<string> = new Set([
  ROUTES.start,
  ROUTES.conversations,
  ROUTES.campaigns,
]);

/** The frame of every screen: header, menu, banners. */
export function Frame({ children }: { children: ReactNode }) {
  const t = useText();
  const [opened, menu] = useDisclosure(false);
  const [pathname] = useLocation();
  const phone = useMediaQuery(PHONE, false, { getInitialValueInEffect: false });
  // A phone does not render its menu until it is first opened.
  const menuNeeded = useOnceTrue(opened || !phone);
  const entries = useMenuEntries();
  const inbox = useInbox();
  const waits = (path: string) => (path === ROUTES.conversations ? (inbox?.sin_responder ?? 0) : 0);
  const opener = useRef<HTMLElement | null>(null);
  // The path of the quick answers begins with that of the conversations, but is a separate entry.
  const isIn = (path: string) =>
    pathname === path ||
    (pathname.startsWith(`${path}/`) && !entries.some((other) => other.path !== path && other.path === pathname));
  // A chat uses the phone's whole height: its input box replaces the bar.
  const inChat = pathname.startsWith(`${ROUTES.conversations}/`) && pathname !== QUICK_ANSWERS;
  const bar = phone && !inChat;

  // Closes the menu after a choice: on a phone it covers the chosen screen.
  useEffect(menu.close, [pathname, menu.close]);

  useEffect(() => {
    if (!opened) return;
    opener.current = document.activeElement as HTMLElement | null;
    function close(event: KeyboardEvent) {
      if (event.key !== 'Escape') return;
      menu.close();
      opener.current?.focus();
    }
    document.addEventListener('keydown', close);
    return () => document.removeEventListener('keydown', close);
  }, [opened, menu]);

  return (
    <div className={classes.frame} data-bar={bar || undefined}>
      <a href={`#${CONTENT}`} className="lm-skip">
        {t.app.skip}
      </a>

      <header className={`${classes.header} ${ZERO_RIGHT}`}>
        <Group gap="sm" wrap="nowrap">
          <Burger
            opened={opened}
            onClick={menu.toggle}
            hiddenFrom="sm"
            size="sm"
            w={44}
            h={44}
            ml={-12}
            aria-label={t.app.menu}
            aria-expanded={opened}
          />
          <Logo />
        </Group>
        {!phone && <Preferences />}
      </header>

      <div className={classes.menu} data-open={opened || undefined}>
        {menuNeeded && (
          <Suspense fallback={null}>
            <Menu entries={entries} isIn={isIn} waits={waits} phone={phone} />
          </Suspense>
        )}
      </div>

      <main id={CONTENT} tabIndex={-1} className={classes.main}>
        <Alerts />
        <Banners />
        <Container size={1120} className={classes.content} data-chat={inChat || undefined}>
          {children}
        </Container>
      </main>

      {bar && (
        <div className={`${classes.footer} ${ZERO_RIGHT}`}>
          <nav className={classes.bar} aria-label={t.app.shortcuts}>
            {entries
              .filter(({ path }) => IN_BAR.has(path))
              .sort((a, b) => barPlace(a.path) - barPlace(b.path))
              .map(({ path, label, icon: Icon }) => (
                <Link
                  key={path}
                  to={path}
                  aria-current={isIn(path) ? 'page' : undefined}
                  className={classes.tab ?? ''}
                  data-active={isIn(path) || undefined}
                >
                  <Icon size={22} stroke={1.6} aria-hidden />
                  {label(t)}
                  {waits(path) > 0 && (
                    <span className={classes.tabCount}>
                      <Waiting count={waits(path)} more={inbox?.hay_mas} />
                    </span>
                  )}
                </Link>
              ))}
            <button
              type="button"
              className={classes.tab}
              aria-expanded={opened}
              onClick={menu.toggle}
            >
              <IconDots size={22} stroke={1.6} aria-hidden />
              {t.app.more}
            </button>
          </nav>
        </div>
      )}
    </div>
  );
}

const barPlace = (path: string): number => [...IN_BAR].indexOf(path);
