import { execute } from './execute.ts';
import { Login, Me, UpdateProfile } from './operations.ts';

const url = process.env.GRAPHQL_URL ?? 'http://localhost:4000/graphql';
const code = process.env.LOGIN_CODE ?? 'dev:typed-fetch';

const { login } = await execute(url, Login, { code, userInfo: { nickName: 'Typed' } });
await execute(url, UpdateProfile, { profile: { city: 'Guangzhou' } }, login.token);
const { me } = await execute(url, Me, {}, login.token);
process.stdout.write(`by fetch: ${me?.nickName} (${me?.id})\n`);
