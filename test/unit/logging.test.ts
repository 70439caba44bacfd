import { closeSync, openSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { createLogger, patientDestination } from '../../infra/logging.js';

test('a log on a full disk loses its lines, and does not end who writes them', () => {
  const fd = openSync('/dev/full', 'w');
  try {
    const logger = createLogger({ name: 'up', level: 'info', destination: patientDestination(fd) });
    expect(() => {
      for (let line = 0; line < 3; line++) logger.warn({ line }, 'process ended; starting it again');
    }).not.toThrow();
  } finally {
    closeSync(fd);
  }
});
