/**
 * XMLHttpRequest, and so jQuery.ajax: what requests.js does for fetch, behind the back of a page that sees one request with
 * one end. The contract stands in checkout.js.
 *
 * @author    the prestashop-mollie-bridge authors
 * @copyright 2026 the prestashop-mollie-bridge authors
 * @license   https://opensource.org/licenses/MIT MIT License
 */
(function () {
  'use strict';

  const settings = window.molliebridge;
  const step = settings && settings.step;
  const requests = settings && settings.requests;
  if (!step || !requests || settings.wrapped) {
    return;
  }
  settings.wrapped = true;

  const EVENTS = ['readystatechange', 'loadstart', 'progress', 'load', 'error', 'abort', 'timeout', 'loadend'];
  const calls = new WeakMap(); // request -> what open() and its followers were given, and how its tries stand
  const followed = new WeakMap();
  const prototype = window.XMLHttpRequest.prototype;
  const native = {
    open: prototype.open, send: prototype.send, abort: prototype.abort, setRequestHeader: prototype.setRequestHeader,
  };

  /**
   * The page sees one request with one end: the events of a try that is followed by another are kept from it.
   *
   * call.wait is undefined before the try's answer is known, then what `waitAfter` says.
   */
  function onEvent(event) {
    const call = calls.get(this);
    if (!call || !call.turn || call.ended) {
      return;
    }
    if (event.type === 'abort' || event.type === 'timeout') {
      end(this, call);
      return;
    }
    judge(this, call);
    const isRepeated = call.tries > 0 && (event.type === 'loadstart' || this.readyState === 1);
    if (typeof call.wait === 'number' || isRepeated) {
      event.stopImmediatePropagation();
    }
    if (event.type === 'loadend') {
      conclude(this, call);
    }
  }

  /** To be ahead of the page's listeners, which an event reaches in the order in which they were added. */
  function follow(request) {
    if (!followed.has(request)) {
      followed.set(request, true);
      EVENTS.forEach(function (type) {
        request.addEventListener(type, onEvent);
      });
    }
  }

  function judge(request, call) {
    const isLost = request.readyState === 4 && request.status === 0 && !call.stopped;
    if (isLost || (call.wait === undefined && request.readyState >= 2)) {
      call.wait = requests.waitAfter(call.tries, request.status, isLost ? null : request.getResponseHeader('Retry-After'));
    }
  }

  /** The page's own end of the matter. A time-out looks like a lost connection first: what was kept back is made up for. */
  function end(request, call) {
    const isHidden = typeof call.wait === 'number';
    call.stopped = true;
    call.wait = null;
    if (isHidden) {
      request.dispatchEvent(new Event('readystatechange'));
    }
  }

  function conclude(request, call) {
    if (typeof call.wait === 'number') {
      openAgain(request, call);
      return;
    }
    call.ended = true;
    if (request.status === 409) {
      requests.tellConflict(answerOf(request));
    } else if (!call.stopped && (request.status === 0 || request.status >= 500)) {
      step.say(step.texts.failed);
    }
    step.endTurn(call.turn);
  }

  function answerOf(request) {
    try {
      return request.responseType === 'json' ? request.response : JSON.parse(request.responseText);
    } catch (error) {
      return null;
    }
  }

  function openAgain(request, call) {
    const wait = call.wait;
    call.tries += 1;
    call.wait = undefined;
    native.open.apply(request, call.opened);
    call.headers.forEach(function (header) {
      native.setRequestHeader.apply(request, header);
    });
    step.watch(step.texts.retrying, wait);
    call.timer = setTimeout(function () {
      call.timer = null;
      native.send.apply(request, call.sent);
    }, wait);
  }

  function sendInTurn(request, call, key) {
    call.headers.push([requests.HEADER, key]);
    native.setRequestHeader.call(request, requests.HEADER, key);
    call.isQueued = true;
    step.takeTurn(key, function (turn) {
      call.isQueued = false;
      call.turn = turn;
      if (call.ended) {
        step.endTurn(turn);
        return;
      }
      try {
        native.send.apply(request, call.sent);
      } catch (error) {
        call.ended = true;
        step.endTurn(turn);
        throw error;
      }
    });
  }

  /** Give up a call that waits for its turn or its next try, when the browser itself has nothing under way to abort. */
  function drop(call) {
    clearTimeout(call.timer);
    call.timer = null;
    call.ended = true;
    if (call.turn) {
      step.endTurn(call.turn);
    }
  }

  function isUnderWay(call) {
    return Boolean(call) && !call.ended && Boolean(call.isQueued || call.turn);
  }

  /** A page may add its listeners before it calls open(), so each request gets ours when it is made. */
  function wrapConstructor() {
    window.XMLHttpRequest = new Proxy(window.XMLHttpRequest, {
      construct: function (target, given, newTarget) {
        const request = Reflect.construct(target, given, newTarget);
        follow(request);
        return request;
      },
    });
  }

  function wrapMethods() {
    prototype.open = function (method, address, isAsync) {
      if (isUnderWay(calls.get(this))) {
        drop(calls.get(this));
      }
      calls.delete(this);
      const result = native.open.apply(this, arguments);
      if (isAsync !== false && requests.mayCreate(address)) {
        calls.set(this, { address: address, opened: arguments, headers: [], tries: 0 });
        follow(this);
      }
      return result;
    };

    prototype.setRequestHeader = function () {
      const result = native.setRequestHeader.apply(this, arguments);
      if (calls.has(this)) {
        calls.get(this).headers.push(arguments);
      }
      return result;
    };

    prototype.send = function (body) {
      const call = calls.get(this);
      const controller = call && !isUnderWay(call) && requests.findController(call.address, body);
      const key = controller && settings.keyFor(controller.method);
      if (!key) {
        return native.send.apply(this, arguments);
      }
      call.sent = arguments;
      return sendInTurn(this, call, key);
    };

    prototype.abort = function () {
      const call = calls.get(this);
      if (isUnderWay(call)) {
        call.stopped = true;
        if (call.isQueued || call.timer) {
          drop(call);
          this.dispatchEvent(new Event('abort'));
          this.dispatchEvent(new Event('loadend'));
        }
      }
      return native.abort.apply(this, arguments);
    };
  }

  wrapConstructor();
  wrapMethods();
}());
