// Before the first paint: the stored theme and language, or the system's. A file of its own, so that
// the content security policy needs no exception for inline script.
(function () {
  var html = document.documentElement;
  var kept = function (key) {
    try {
      return localStorage.getItem(key);
    } catch (e) {
      return null;
    }
  };
  html.dataset.theme = kept('theme') || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  html.lang = kept('lang') === 'en' ? 'en' : 'zh-CN';
})();
