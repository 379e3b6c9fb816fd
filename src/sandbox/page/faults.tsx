import { useState } from 'preact/hooks';

import type { View } from '../page-server/view.ts';
import { switchFault } from './api.ts';

type FaultView = View['faults'][number];

const TITLES: Record<FaultView['fault'], string> = {
  lost: 'Answer lost',
  timeout: 'Time-out',
  crash: 'Tsuru ends',
  store: 'Database fails',
  restart: 'Restart fails',
};

/** Switches for what goes wrong in production. */
export function FaultSwitches({ faults }: { faults: View['faults'] }) {
  const [error, setError] = useState('');
  const toggle = async (fault: string, step: string, isOn: boolean): Promise<void> => {
    const reply = await switchFault(fault, step, isOn);
    setError(reply.ok ? '' : reply.text);
  };
  return (
    <>
      <p class="soft">This is how you see whether the service survives production. Each switch holds for one time: then it is off again.</p>
      <div role="alert">{error !== '' && <p class="error">{error}</p>}</div>
      {faults.map(({ fault, text, steps }) => (
        <section class="fault" key={fault} aria-label={TITLES[fault]}>
          <h3>{TITLES[fault]}</h3>
          <p>{text}</p>
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
