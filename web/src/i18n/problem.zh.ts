/** 每个问题代码一句话：出了什么事，什么是安全的，现在做什么。 */
export const problemZh = {
  'problem.internal': '这一步没有存上，您写的还在。再试一次；仍不行请报编号 {ref}。',
  'problem.no_line': '现在没有网络，这一步还没送出。您写的还在，恢复后再按一次。',
  'problem.unavailable': '服务器暂时没有应答。您写的还在，稍后再按一次。',
  'problem.sign_in_refused': '手机号或密码不对。忘了密码请本院管理员重设。',
  'problem.sign_in_needed': '登录已到期，请再登录一次。您写的还在。',
  'problem.not_allowed': '这一步不归您的身份做。需要时请打对方转诊台电话。',
  'problem.not_found': '没有找到这份记录，或者它不在您的机构。',
  'problem.slow_down': '按得太快了，{for}后再试。您写的还在。',
  'problem.too_large': '文件太大，上限 {limit}。拍照或导出较小的份。',
  'problem.invalid_field': '有几处还不对，已在各处标出。',

  'field.invalid': '这里填得不对，请再看一眼。',
  'field.required': '这里要填。',
} as const;
