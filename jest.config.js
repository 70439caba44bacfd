// Tests use plain git too, which must not depend on what whoever runs them has configured.
process.env.GIT_CONFIG_GLOBAL ??= '/dev/null';
process.env.GIT_CONFIG_NOSYSTEM ??= '1';

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/test/demo/sample/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/test/demo/sample/'],
  // Ends a test that would hang, on a slow machine too: every wait for a condition ends before it and says what it waited for.
  testTimeout: 240_000,
};
