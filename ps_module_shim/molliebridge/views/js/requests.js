/**
 * The AJAX requests that create payments: a key on each, one at a time, and tried again after a server error.
 *
 * `fetch` and `XMLHttpRequest` are wrapped, but only the requests that `molliebridge.creating` names are touched; every other
 * one goes straight to the browser with the same `this` and the same arguments. The contract stands in checkout.js.
 *
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */
(function () {
  'use strict';

  const settings = window.molliebridge;
  const step = settings && settings.step;
  if (!step || !settings.keyFor || !window.URLSearchParams || settings.requests) {
    return;
  }

  const HEADER = 'X-Idempotency-Key';
  const BACK_OFF = [1000, 2000, 4000];
  const LONGEST_WAIT = 10000;

  // ---- Which requests -----------------------------------------------------------------------------------------------

  /** Other origins are left out: a header of our own would make the browser ask them for permission first. */
  const controllers = (settings.creating || []).map(function (entry) {
    return { url: new URL(entry.url, document.baseURI), method: entry.method, actions: entry.actions || [] };
  }).filter(function (entry) {
    return entry.url.origin === window.location.origin;
  });

  function isAt(entry, target) {
    let same = target.origin === entry.url.origin && target.pathname === entry.url.pathname;
    entry.url.searchParams.forEach(function (value, name) {
      same = same && target.searchParams.get(name) === value;
    });
    return same;
  }

  function actionOf(target, body) {
    if (target.searchParams.has('action')) {
      return target.searchParams.get('action');
    }
    if (typeof body === 'string') {
      return new URLSearchParams(body).get('action');
    }
    const isForm = body instanceof URLSearchParams || (body instanceof FormData && body.get);
    return isForm ? body.get('action') : null;
  }

  /** The entry of `creating` that a request is meant by, or null. Whatever can not be read is not ours. */
  function findController(address, body) {
    try {
      const target = new URL(address, document.baseURI);
      return controllers.filter(function (entry) {
        return isAt(entry, target) && (!entry.actions.length || entry.actions.indexOf(actionOf(target, body)) >= 0);
      })[0] || null;
    } catch (error) {
      return null;
    }
  }

  /** Whether `open` alone leaves it possible: the action may stand in a body that is yet to come. */
  function mayCreate(address) {
    try {
      const target = new URL(address, document.baseURI);
      return controllers.some(function (entry) {
        return isAt(entry, target);
      });
    } catch (error) {
      return false;
    }
  }

  // ---- What an answer means -----------------------------------------------------------------------------------------

  /** Milliseconds that the server asks for: a number of seconds or a date; 0 when it does not say. */
  function askedFor(retryAfter) {
    const seconds = Number(retryAfter);
    const wait = isNaN(seconds) ? Date.parse(retryAfter) - Date.now() : seconds * 1000;
    return wait > 0 ? wait : 0;
  }

  /** Milliseconds to wait before the next try, null when the answer stands. Status 0: there was none. */
  function waitAfter(tries, status, retryAfter) {
    const asked = askedFor(retryAfter);
    if (tries >= BACK_OFF.length || (status > 0 && status < 500) || asked > LONGEST_WAIT) {
      return null;
    }
    return Math.max(BACK_OFF[tries], asked);
  }

  /** An address to go to, or null: what comes over the network must not become a script. */
  function safeAddress(address) {
    try {
      const target = typeof address === 'string' && address ? new URL(address, document.baseURI) : {};
      return target.protocol === 'https:' || target.protocol === 'http:' ? target.href : null;
    } catch (error) {
      return null;
    }
  }

  function tellConflict(answer) {
    const known = answer || {};
    step.say(known.message ? String(known.message) : step.texts.conflict,
      safeAddress(known.url || (known.data && known.data.checkout_url)));
  }

  // ---- fetch --------------------------------------------------------------------------------------------------------

  function sleep(milliseconds, signal) {
    return new Promise(function (resolve) {
      setTimeout(resolve, milliseconds);
      if (signal) {
        signal.addEventListener('abort', resolve); // the next try fails at once, the browser's way
      }
    });
  }

  function tellFetched(response) {
    if (response.status === 409) {
      response.clone().json().then(tellConflict, function () {
        tellConflict(null);
      });
    } else if (response.status >= 500) {
      step.say(step.texts.failed);
    }
    return response;
  }

  function fetchAgain(send, signal, tries, wait) {
    step.watch(step.texts.retrying, wait);
    return sleep(wait, signal).then(function () {
      return fetchPatiently(send, signal, tries + 1);
    });
  }

  function fetchPatiently(send, signal, tries) {
    return send().then(function (response) {
      const wait = waitAfter(tries, response.status, response.headers.get('Retry-After'));
      return wait === null ? tellFetched(response) : fetchAgain(send, signal, tries, wait);
    }, function (error) {
      const isAborted = (signal && signal.aborted) || (error && error.name === 'AbortError');
      const wait = isAborted ? null : waitAfter(tries, 0, null);
      if (wait !== null) {
        return fetchAgain(send, signal, tries, wait);
      }
      if (!isAborted) {
        step.say(step.texts.failed);
      }
      throw error;
    });
  }

  function fetchInTurn(native, self, input, init, key) {
    const isRequest = typeof input === 'object' && 'headers' in input;
    const headers = new Headers((init && init.headers) || (isRequest ? input.headers : undefined));
    const signal = (init && init.signal) || (isRequest && input.signal) || null;
    const options = Object.assign({}, init, { headers: headers });
    headers.set(HEADER, key);

    return new Promise(function (resolve, reject) {
      step.takeTurn(key, function (turn) {
        fetchPatiently(function () {
          return native.call(self, isRequest ? input.clone() : input, options);
        }, signal, 0).then(resolve, reject).then(function () {
          step.endTurn(turn);
        });
      });
    });
  }

  function wrapFetch() {
    const native = window.fetch;
    if (typeof native !== 'function') {
      return;
    }
    window.fetch = function (input, init) {
      const address = input && typeof input === 'object' && 'headers' in input ? input.url : input;
      const controller = findController(address, init && init.body);
      const key = controller && settings.keyFor(controller.method);
      return key ? fetchInTurn(native, this, input, init, key) : native.apply(this, arguments);
    };
  }

  settings.requests = {
    HEADER: HEADER,
    mayCreate: mayCreate,
    findController: findController,
    waitAfter: waitAfter,
    tellConflict: tellConflict,
  };
  wrapFetch();
}());
