import express from 'express';

const app = express();

/** Says on which node it runs; the manifest passes the name in. */
app.get('/', (_request, response) => {
  response.type('text/plain').send(`Hello from ${process.env['NODE_NAME'] ?? 'somewhere'}\n`);
});

app.get('/healthz', (_request, response) => {
  response.type('text/plain').send('ok\n');
});

const server = app.listen(8080);
process.on('SIGTERM', () => server.close(() => process.exit(0)));
