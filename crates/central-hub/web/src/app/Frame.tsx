import { AppShell, Burger, Container, Group, NavLink, Stack } from '@mantine/core';
import { useDisclosure, useMediaQuery } from '@mantine/hooks';
import { IconDots } from '@tabler/icons-react';
import { useEffect, useRef, type ReactNode } from 'react';
import { Link, NavigationType, useLocation, useNavigationType } from 'react-router';

import { UserMenu } from '../auth/UserMenu';
import { useText } from '../i18n/I18nProvider';
import { QUICK_ANSWERS, ROUTES } from '../lib/routes';
import { Logo } from '../ui/Logo';
import { Preferences } from '../ui/Preferences';
import { useInbox } from '../live/useInbox';
import { Alerts } from './Alerts';
import { Banners } from './Banners';
import { Waiting } from './Waiting';
import classes from './Frame.module.css';
import { useSections } from './navigation';
import { SystemStatus } from './SystemStatus';

const CONTENT = 'content';
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
  const { pathname } = useLocation();
  const arrival = useNavigationType();
  const phone = useMediaQuery(PHONE, false, { getInitialValueInEffect: false });
  const sections = useSections().filter(({ hidden }) => !hidden);
  const inbox = useInbox();
  const waits = (path: string) => (path === ROUTES.conversations ? (inbox?.sin_responder ?? 0) : 0);
  const opener = useRef<HTMLElement | null>(null);
  // The path of the quick answers begins with that of the conversations, but is a separate entry.
  const isIn = (path: string) =>
    pathname === path ||
    (pathname.startsWith(`${path}/`) && !sections.some((other) => other.path !== path && other.path === pathname));
  // A chat uses the phone's whole height: its input box replaces the bar.
  const inChat = pathname.startsWith(`${ROUTES.conversations}/`) && pathname !== QUICK_ANSWERS;

  // Closes the menu after a choice: on a phone it covers the chosen screen.
  useEffect(menu.close, [pathname, menu.close]);

  // A new screen starts at its top; going back restores the previous scroll position.
  useEffect(() => {
    if (arrival !== NavigationType.Pop) window.scrollTo(0, 0);
  }, [pathname, arrival]);

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
    <AppShell
      header={{ height: 44 }}
      navbar={{ width: 232, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      footer={{ height: 56, collapsed: !phone || inChat }}
      padding={0}
    >
      <a href={`#${CONTENT}`} className="lm-skip">
        {t.app.skip}
      </a>

      <AppShell.Header className="lm-shell-part">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
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
          <Group visibleFrom="sm">
            <Preferences />
          </Group>
        </Group>
      </AppShell.Header>

      <AppShell.Navbar
        p="md"
        className="lm-shell-part lm-menu"
        data-open={opened || undefined}
        component="div"
      >
        <Stack justify="space-between" h="100%" gap="md" style={{ overflowY: 'auto' }}>
          <nav aria-label={t.app.navigation}>
            {sections.map(({ path, label, icon: Icon }) => (
              <NavLink
                key={path}
                component={Link}
                to={path}
                aria-current={isIn(path) ? 'page' : undefined}
                label={label(t)}
                leftSection={<Icon size={20} stroke={1.6} aria-hidden />}
                rightSection={waits(path) > 0 && <Waiting count={waits(path)} more={inbox?.hay_mas} />}
                active={isIn(path)}
                className={classes.entry ?? ''}
              />
            ))}
          </nav>
          <Stack gap="md">
            <Group hiddenFrom="sm">
              <Preferences />
            </Group>
            <UserMenu />
            <SystemStatus />
          </Stack>
        </Stack>
      </AppShell.Navbar>

      <AppShell.Main id={CONTENT} tabIndex={-1} style={{ outline: 'none' }}>
        <Alerts />
        <Banners />
        <Container size={1120} className={classes.content} data-chat={inChat || undefined}>
          {children}
        </Container>
      </AppShell.Main>

      {phone && !inChat && (
        <AppShell.Footer className="lm-shell-part" component="div">
          <nav className={classes.bar} aria-label={t.app.shortcuts}>
            {sections
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
        </AppShell.Footer>
      )}
    </AppShell>
  );
}

const barPlace = (path: string): number => [...IN_BAR].indexOf(path);
