import './styles/tokens.css';
import './styles/look.css';
import './styles/more.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { startLang } from './i18n/index.svelte';
import { startLive } from './live.svelte';
import { startNav } from './nav.svelte';
import { followTheme } from './theme.svelte';

startNav();
startLive();
followTheme();
await startLang();
const target = document.getElementById('app');
if (target) mount(App, { target });
