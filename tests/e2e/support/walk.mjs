// Walks the list of screens in the given looks and asks of each what looking.mjs asks. Two browsers stand beside each
// other: what needs only one of them is walked side by side, what needs both comes after.
import { openHouse, setLook } from './house.mjs';
import { foreign, keysOfWords, sticksOut, violations } from './looking.mjs';
import { SCENES, play } from './scenes.mjs';

/** A desk's screen at 200 % is half as wide. */
const ZOOMED = { width: 720, height: 450 };

export async function walk(looks, only = process.argv[2] ? new RegExp(process.argv[2]) : /./) {
  const keys = keysOfWords();
  const scenes = SCENES.filter((scene) => only.test(scene.name));
  let checks = 0;
  const faults = [];
  const note = (scene, look, found) => found.forEach((one) => faults.push(`${scene.name} (${look}): ${one}`));
  const began = performance.now();
  const house = await openHouse();
  const one = async (scene) => {
    try {
      await play(house, scene, async (page) => {
        for (const look of looks) {
          const name = `${look.lang} ${look.theme} ${look.width}`;
          await setLook(page, look);
          note(scene, name, await violations(page));
          // A toast was said once, in the language of that moment.
          if (!scene.frozen || look.lang === scene.lang) note(scene, name, await foreign(page, look.lang, house.said[scene.who], keys));
          note(scene, name, await sticksOut(page));
          checks += 3;
        }
        await page.setViewportSize(ZOOMED);
        note(scene, '200 %', await sticksOut(page));
        checks += 1;
      });
    } catch (fault) {
      faults.push(`${scene.name}: ${String(fault).split('\n')[0]}`);
    }
  };
  const lane = async (mine) => {
    for (const scene of mine) await one(scene);
  };
  try {
    const alone = scenes.filter((scene) => !scene.before);
    await Promise.all([lane(alone.filter((scene) => house.lanes[scene.who] === 'here')), lane(alone.filter((scene) => house.lanes[scene.who] === 'there'))]);
    await lane(scenes.filter((scene) => scene.before));
  } catch (fault) {
    faults.push(String(fault));
  } finally {
    await house.close();
  }
  for (const fault of faults) console.log(` FAIL  ${fault}`);
  console.log(`${scenes.length} screens in ${looks.length} looks and at 200 %: ${checks} checks in ${Math.round((performance.now() - began) / 1_000)} s`);
  console.log(`${checks - faults.length} passed, ${faults.length} failed`);
  return faults.length === 0 && checks > 0;
}
