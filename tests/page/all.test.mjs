// All flows in one process, so that they share one browser and one service.

import './flows/login.mjs';
import './flows/tasks.mjs';
import './flows/task.mjs';
import './flows/text.mjs';
import './flows/log.mjs';
import './flows/submit.mjs';
import './flows/plugins.mjs';
import './flows/queue.mjs';
import './flows/away.mjs';
import './flows/keys.mjs';
import './flows/looks.mjs';
