'use strict';
// Reports how the browser presents itself to the page, to a worker and to the service worker, all
// of which a server could compare. The report is sent once the page is connected.
(() => {
  const HINTS = ['architecture', 'bitness', 'fullVersionList', 'model', 'platformVersion'];
  const WORKER = `onmessage = async () => postMessage({
    user_agent: navigator.userAgent, hints: await navigator.userAgentData?.getHighEntropyValues(${JSON.stringify(HINTS)}),
  })`;

  const answerOf = (target, ask) => new Promise((resolve) => {
    target.addEventListener('message', (event) => resolve(event.data), { once: true });
    ask();
  });

  async function ofWorker() {
    const url = URL.createObjectURL(new Blob([WORKER]));
    const worker = new Worker(url);
    const answer = await answerOf(worker, () => worker.postMessage(''));
    worker.terminate();
    URL.revokeObjectURL(url);
    return answer;
  }

  async function ofServiceWorker() {
    if (!navigator.serviceWorker) return null;
    await navigator.serviceWorker.register('/sw.js');
    const { active } = await navigator.serviceWorker.ready;
    return answerOf(navigator.serviceWorker, () => {
      navigator.serviceWorker.startMessages();
      active.postMessage('');
    });
  }

  let said = false;
  async function describe() {
    if (said) return;
    said = true;
    const hints = await navigator.userAgentData?.getHighEntropyValues(HINTS);
    const [worker, service_worker] = await Promise.all([ofWorker(), ofServiceWorker()]);
    const { width, height } = screen;
    const described = {
      page: { user_agent: navigator.userAgent, hints }, worker, service_worker,
      screen: { width, height }, window: { width: outerWidth, height: outerHeight }, webdriver: navigator.webdriver,
    };
    __standin.connection.say({ t: 'browser', described });
  }

  __standin.browser = { describe: () => describe().catch((error) => console.error(error)) };
})();
