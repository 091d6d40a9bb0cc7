import { createClient } from 'weapp-login-client';
import { fetchRequest } from 'weapp-login-client/fetch';
import { Me, UpdateProfile } from './operations.ts';

const stored = new Map<string, string>();
const client = createClient({
  url: process.env.GRAPHQL_URL ?? 'http://localhost:4000/graphql',
  request: fetchRequest(),
  login: () => process.env.LOGIN_CODE ?? 'dev:typed-client',
  storage: {
    getStorageSync: (key) => stored.get(key),
    setStorageSync: (key, value) => stored.set(key, value),
  },
});

const { updateProfile } = await client.request(UpdateProfile, { profile: { nickName: 'Typed' } });
const { me } = await client.request(Me);
process.stdout.write(`by the client: ${updateProfile.user.nickName} (${me?.id})\n`);
