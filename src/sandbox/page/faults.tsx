import { useState } from 'preact/hooks';

import type { View } from '../view.ts';
import { switchFault } from './api.ts';

type FaultView = View['faults'][number];

const SENTENCES: Record<FaultView['fault'], [title: string, sentence: string]> = {
  lost: ['Answer lost', 'The service does its work, and the connection breaks before Tsuru has read the answer.'],
  timeout: ['Time-out', 'The service does its work, and Tsuru no longer waits for the answer: in production, after 300 seconds.'],
  crash: ['Tsuru ends', 'The service has answered, and Tsuru ends before the next step: it neither goes on nor undoes anything.'],
  store: ['Later step fails', 'The service has answered, and Tsuru cannot store that: it undoes what the service did.'],
  restart: ['Restart fails', 'The units of the app do not restart, so that Tsuru undoes what the service did.'],
};

/** Switches for what goes wrong in production. */
export function Faults({ faults }: { faults: View['faults'] }) {
  const [error, setError] = useState('');
  const toggle = async (fault: string, step: string, isOn: boolean): Promise<void> => {
    const { ok, text } = await switchFault(fault, step, isOn);
    setError(ok ? '' : text);
  };
  return (
    <>
      <p class="soft">This is how you see whether the service survives production. Each switch holds for one time: then it is off again.</p>
      <div role="alert">{error !== '' && <p class="error">{error}</p>}</div>
      {faults.map(({ fault, steps }) => (
        <section class="fault" key={fault} aria-label={SENTENCES[fault][0]}>
          <h3>{SENTENCES[fault][0]}</h3>
          <p>{SENTENCES[fault][1]}</p>
          <div class="tools">
            {steps.map(({ step, isArmed }) => (
              <button key={step} type="button" role="switch" aria-checked={isArmed} onClick={() => void toggle(fault, step, !isArmed)}>
                {step.replace('-', ' ')}
              </button>
            ))}
          </div>
        </section>
      ))}
    </>
  );
}
