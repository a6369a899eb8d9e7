import { AppShell, Burger, Container, Group, NavLink, Stack } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useEffect, type ReactNode } from 'react';
import { NavLink as RouterLink, useLocation } from 'react-router';

import { UserMenu } from '../auth/UserMenu';
import { useText } from '../i18n/I18nProvider';
import { Banners } from './Banners';
import { Logo } from '../ui/Logo';
import { useSections } from './navigation';
import { Preferences } from '../ui/Preferences';
import { SystemStatus } from './SystemStatus';

const CONTENT = 'content';

/** What stands around every screen: header, menu, banners. */
export function Frame({ children }: { children: ReactNode }) {
  const t = useText();
  const [opened, menu] = useDisclosure(false);
  const { pathname } = useLocation();
  const sections = useSections().filter(({ hidden }) => !hidden);

  // On a phone the menu covers the screen that was chosen in it.
  useEffect(menu.close, [pathname, menu.close]);

  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: 272, breakpoint: 'sm', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', sm: 'xl' }}
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
        <Stack justify="space-between" h="100%">
          <nav aria-label={t.app.navigation}>
            {sections.map(({ path, label, icon: Icon }) => (
              <NavLink
                key={path}
                component={RouterLink}
                to={path}
                label={label(t)}
                leftSection={<Icon size={20} stroke={1.6} aria-hidden />}
                active={pathname === path || pathname.startsWith(`${path}/`)}
                style={{ borderRadius: 8 }}
              />
            ))}
          </nav>
          <Stack gap="lg">
            <Group hiddenFrom="sm">
              <Preferences />
            </Group>
            <UserMenu />
            <SystemStatus />
          </Stack>
        </Stack>
      </AppShell.Navbar>

      <AppShell.Main id={CONTENT} tabIndex={-1} style={{ outline: 'none' }}>
        <Container size={1120} px={0}>
          <Banners />
          {children}
        </Container>
      </AppShell.Main>
    </AppShell>
  );
}
