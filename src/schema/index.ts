import { builder } from './builder.ts';
import './admin.ts';
import './errors.ts';
import './login.ts';
import './profile.ts';
import './scalars.ts';
import './session.ts';
import './user.ts';

export const schema = builder.toSchema({});
