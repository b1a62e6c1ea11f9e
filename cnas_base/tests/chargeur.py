from odoo_test_helper import FakeModelLoader


class Chargeur(FakeModelLoader):
    """Ajoute au registre les seuls modèles d'un essai ; l'outil rebâtirait tout l'addon, sans ce que les autres y ajoutent."""

    def update_registry(self, odoo_models):
        de_l_addon = self._original_module_to_models.get(self._module_name, [])
        self._original_module_to_models[self._module_name] = []
        try:
            super().update_registry(odoo_models)
        finally:
            self._original_module_to_models[self._module_name] = de_l_addon
            self._clean_module_to_model()
