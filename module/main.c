// SPDX-License-Identifier: GPL-2.0
/* kvm_hcx: KVM hypercalls that are added at run time. */
#include <linux/module.h>
#include "bpf.h"
#include "debugfs.h"
#include "device.h"
#include "discovery.h"
#include "forward.h"
#include "hook.h"
#include "linger.h"
#include "registry.h"
#include "selfcheck.h"
#include "vm.h"

static int __init hcx_init(void)
{
	int ret;

	ret = hcx_registry_init();
	if (ret)
		return ret;
	ret = hcx_hook_prepare();
	if (ret)
		goto err_registry;
	ret = hcx_vms_init();
	if (ret)
		goto err_prepared;
	ret = hcx_register(&hcx_discovery);
	if (ret)
		goto err_vms;
	ret = hcx_selfcheck_stock();
	if (ret)
		goto err_discovery;
	ret = hcx_hook_attach();
	if (ret)
		goto err_selfcheck;
	ret = hcx_selfcheck_hooked();
	if (ret)
		goto err_hook;
	ret = hcx_device_init();
	if (ret)
		goto err_hook;
	hcx_selfcheck_end();
	hcx_debugfs_init();
	hcx_bpf_init();

	return 0;

err_hook:
	hcx_hook_detach();
err_selfcheck:
	hcx_selfcheck_end();
err_discovery:
	hcx_unregister(&hcx_discovery);
	hcx_linger_wait();
err_vms:
	hcx_vms_exit();
err_prepared:
	hcx_hook_release();
err_registry:
	hcx_registry_exit();
	/* What is past hcx_binding_leave() in hcx_hypercall(). */
	synchronize_rcu_tasks();
	return ret;
}

static void __exit hcx_exit(void)
{
	hcx_bpf_exit();
	hcx_debugfs_exit();
	hcx_device_exit();
	hcx_hook_detach();
	hcx_unregister(&hcx_discovery);
	hcx_linger_wait();
	hcx_forward_exit();
	hcx_vms_exit();
	hcx_rules_exit();
	hcx_hook_release();
	hcx_registry_exit();
	synchronize_rcu_tasks();
}

module_init(hcx_init);
module_exit(hcx_exit);
MODULE_DESCRIPTION("KVM hypercalls that are added at run time");
MODULE_AUTHOR("The kvm-hcx authors");
MODULE_VERSION(HCX_VERSION);
MODULE_LICENSE("GPL");
