import { aes } from '@dimp/extensions/aes';
import { aesGcm } from '@dimp/extensions/aes-gcm';
import { ecc } from '@dimp/extensions/ecc';
import { ed25519 } from '@dimp/extensions/ed25519';
import { plain } from '@dimp/extensions/plain';
import { rsa } from '@dimp/extensions/rsa';
import { keyAlgorithmCompliance, symmetricAlgorithmCompliance } from '@dimp/testing/compliance';
import { describe, test } from 'vitest';

describe('RSA', () => keyAlgorithmCompliance(test, rsa));
describe('RSA-1024', () => keyAlgorithmCompliance(test, rsa, { generate: { bits: 1024 } }));
describe('ECC', () => keyAlgorithmCompliance(test, ecc));
describe('Ed25519', () => keyAlgorithmCompliance(test, ed25519));
describe('AES', () => symmetricAlgorithmCompliance(test, aes));
describe('AES-GCM', () => symmetricAlgorithmCompliance(test, aesGcm));
describe('PLAIN', () => symmetricAlgorithmCompliance(test, plain));
