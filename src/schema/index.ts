import { builder } from './builder.ts';
import './admin.ts';
import './encrypted.ts';
import './error-enums.ts';
import './linked-accounts.ts';
import './login.ts';
import './phone.ts';
import './profile.ts';
import './scalars.ts';
import './session.ts';
import './user.ts';

export const schema = builder.toSchema({});
