/* SPDX-License-Identifier: LGPL-2.1-or-later */
'use strict';

(async () => {
  Act.theme.start();
  Act.tips.start();
  Act.keys.start();
  const main = document.getElementById('main');
  /* an address has the page's state, so the link must not change it */
  document.getElementById('skip').addEventListener('click', (event) => {
    event.preventDefault();
    main.focus();
  });
  try {
    await Act.model.open();
  } catch (e) {
    Act.route.missing(main, 'The data beside this page cannot be shown: ' + e.message + '.');
    return;
  }
  await Act.route.start();
  document.documentElement.dataset.ready = 'yes';
})();
