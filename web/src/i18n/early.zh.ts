/** 第一屏就可能要说的几句；其余的问题代码在 problem.zh.ts，随后到。 */
export const earlyZh = {
  'problem.internal': '这一步没有存上，您写的还在。再试一次；仍不行请报编号 {ref}。',
  'problem.read.internal': '这里暂时没有取到，您写的都在。再试一次；仍不行请报编号 {ref}。',
  'problem.read.no_line': '现在没有网络，这里还没取到。线路恢复后会自己再取。',
  'problem.read.unavailable': '服务器暂时没有应答，这里还没取到。稍后再试一次。',
  'problem.no_line': '现在没有网络，这一步还没送出。您写的还在，恢复后再按一次。',
  'problem.unavailable': '服务器暂时没有应答。您写的还在，稍后再按一次。',
  'problem.sign_in_refused': '手机号或密码不对。忘了密码请本院管理员重设。',
  'problem.not_signed_in': '登录已到期，请再登录一次。您写的还在。',
  'problem.slow_down': '按得太快了，{for}后再试。您写的还在。',
  'problem.wrong_origin': '这一页不是从本系统打开的。请从登录页重新进来。',
  'problem.not_found': '没有找到这份记录，或者它不在您的机构。',
} as const;
