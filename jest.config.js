export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/test/demo/sample/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/test/demo/sample/'],
  testTimeout: 60_000,
};
