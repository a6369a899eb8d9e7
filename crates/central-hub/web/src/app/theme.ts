import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const brand: MantineColorsTuple = [
  '#e8f8f1',
  '#cdeedf',
  '#a3e0c4',
  '#72cfa5',
  '#46bd88',
  '#26a873',
  '#16905f',
  '#0f774e',
  '#0b6341',
  '#064c31',
];

// Greys of the dark scheme, from text to the darkest background, tinted with the
// brand color.
const dark: MantineColorsTuple = [
  '#e4e9e6',
  '#c3ccc7',
  '#a3aea8',
  '#7d8983',
  '#45504b',
  '#343e39',
  '#262e2a',
  '#1c2220',
  '#161b19',
  '#101412',
];

export const theme = createTheme({
  colors: { brand, dark },
  primaryColor: 'brand',
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  headings: { fontWeight: '650' },
});

// Replaces Mantine's greys and reds, whose contrast for small text is below 4.5:1.
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f6f8f7',
    '--mantine-color-dimmed': '#56605b',
    '--mantine-color-placeholder': '#6b7570',
    '--mantine-color-error': '#b42318',
    '--mantine-color-yellow-light': '#fff4cc',
    '--mantine-color-yellow-light-color': '#7a4a00',
    '--mantine-color-red-light': '#fdeceb',
    '--mantine-color-red-light-hover': '#fadad7',
    '--mantine-color-red-light-color': '#a61b12',
    '--mantine-color-gray-light': '#e8edea',
    '--mantine-color-gray-light-color': '#333d38',
    '--lm-surface': '#ffffff',
    '--lm-line': '#dfe5e2',
  },
  dark: {
    '--mantine-color-body': '#141816',
    '--mantine-color-dimmed': '#a3aea8',
    '--mantine-color-placeholder': '#8d9892',
    '--mantine-color-error': '#ff8f85',
    '--mantine-color-yellow-light': '#3a2f12',
    '--mantine-color-yellow-light-color': '#ffd76a',
    '--mantine-color-red-light': '#40201f',
    '--mantine-color-red-light-hover': '#4f2726',
    '--mantine-color-red-light-color': '#ffada6',
    '--mantine-color-gray-light': '#2a322e',
    '--mantine-color-gray-light-color': '#c3ccc7',
    '--mantine-color-brand-light': '#173c2c',
    '--mantine-color-brand-light-hover': '#1c4a37',
    '--mantine-color-brand-light-color': '#a3e0c4',
    '--lm-surface': '#1c2220',
    '--lm-line': '#333b37',
  },
});
