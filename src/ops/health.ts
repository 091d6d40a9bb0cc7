export type Health = {
  /** True while this process should get requests. */
  ready(): Promise<boolean>;
  /** From now on it should not. */
  drain(): void;
};

const PING_MS = 1000;

/** @param ping rejects when what every request needs is not there */
export function createHealth(ping: () => Promise<void>): Health {
  let draining = false;
  return {
    async ready() {
      if (draining) return false;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(resolve, PING_MS, false);
      });
      const answer = ping().then(
        () => !draining,
        () => false,
      );
      return Promise.race([answer, late]).finally(() => clearTimeout(timer));
    },
    drain() {
      draining = true;
    },
  };
}
