import { builder } from './builder.ts';
import './encrypted.ts';
import './errors.ts';
import './linked.ts';
import './login.ts';
import './phone.ts';
import './profile.ts';
import './scalars.ts';
import './session.ts';
import './user.ts';

export const schema = builder.toSchema({});
