/// Asks again and again, never twice at once, and not while nobody looks.

/// Least time between two questions: events come in bursts.
const AGAIN_MS = 150;

export class Poller {
  /// `ask` is awaited. It returns nothing, and handles its own errors.
  constructor(intervalMs, ask) {
    this.intervalMs = intervalMs;
    this.ask = ask;
    this.timer = 0;
    this.running = false;
    this.again = false;
    this.stopped = false;
    this.started = 0; // the last question
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && !this.stopped)
        this.soon();
    });
  }

  /// Asks now; where it is asking already, once more after that, since what is
  /// on its way may be older than the reason for this call.
  async soon() {
    this.stopped = false;
    if (this.running) {
      this.again = true;
      return;
    }
    clearTimeout(this.timer);
    this.running = true;
    this.again = false;
    this.started = performance.now();
    try {
      await this.ask();
    } finally {
      this.running = false;
      this.plan();
    }
  }

  /// The same within `delayMs`: many events in a row cost few questions.
  within(delayMs) {
    if (this.running)
      this.again = true;
    if (this.running || this.stopped || document.hidden)
      return;
    const left = this.started + this.intervalMs - performance.now();
    if (left > delayMs) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.soon(), delayMs);
    }
  }

  stop() {
    clearTimeout(this.timer);
    this.again = false;
    this.stopped = true;
  }

  plan() {
    clearTimeout(this.timer);
    if (document.hidden || this.stopped)
      return;
    const pause = this.again
      ? AGAIN_MS
      : Math.max(AGAIN_MS, this.started + this.intervalMs - performance.now());
    this.timer = setTimeout(() => this.soon(), pause);
  }
}
